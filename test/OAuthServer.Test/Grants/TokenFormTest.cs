using System.Buffers.Text;
using System.Security.Cryptography;
using CsCheck;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Grants;

[Behaviour(36), Parallelizable(ParallelScope.All)]
public sealed class TokenFormTest
{
    private static readonly Guid Grant = Guid.CreateVersion7();

    [Test]
    public void A_code_is_its_kind_its_grant_and_a_secret()
    {
        var code = AuthorizationCode.Mint(Grant);

        var octets = Base64Url.DecodeFromChars(code.Text);
        (code.Text.Length, octets[0], new Guid(octets.AsSpan(1, 16), bigEndian: true)).Should().Be((66, 1, Grant));
        code.Hash.Should().Equal(SHA256.HashData([1, .. octets[17..]]));
        AuthorizationCode.Read(code.Text)!.Text.Should().Be(code.Text);
        AuthorizationCode.Read(code.Text)!.Hash.Should().Equal(code.Hash);
    }

    [Test]
    public void A_code_given_to_another_grant_keeps_its_secret()
    {
        var code = AuthorizationCode.Mint(Grant);
        var other = code.Of(Guid.CreateVersion7());

        other.Text.Should().NotBe(code.Text);
        other.Hash.Should().Equal(code.Hash);
    }

    [Test]
    public void A_refresh_token_is_its_kind_grant_generation_family_and_secret()
    {
        var token = RefreshToken.Mint(Grant).Next().At(258);

        var octets = Base64Url.DecodeFromChars(token.Text);
        (token.Text.Length, octets[0], new Guid(octets.AsSpan(1, 16), bigEndian: true)).Should().Be((92, 2, Grant));
        octets[17..21].Should().Equal(0, 0, 1, 2);
        token.FamilyHash.Should().Equal(SHA256.HashData(octets[21..37]));
        token.Hash.Should().Equal(SHA256.HashData([2, .. octets[37..]]));
        var read = RefreshToken.Read(token.Text)!;
        (read.GrantId, read.Generation, read.Text).Should().Be((Grant, 258, token.Text));
    }

    [Test]
    public void The_next_token_has_the_family_and_another_secret()
    {
        var first = RefreshToken.Mint(Grant);
        var second = first.Next();

        second.Generation.Should().Be(1);
        second.FamilyHash.Should().Equal(first.FamilyHash);
        second.Secret.Should().NotEqual(first.Secret);
    }

    [Test]
    public void A_sealed_successor_is_made_again_with_its_parents_secret_and_the_rows_generation()
    {
        var parent = RefreshToken.Mint(Grant);
        var successor = parent.Next();

        var box = successor.Seal(parent.Secret);

        RefreshToken.Unseal(parent.Secret, box, Grant, 1).Should().Be(successor.Text);
        FluentActions.Invoking(() => RefreshToken.Unseal(parent.Hash, box, Grant, 1)).Should().Throw<CryptographicException>();
    }

    [Test]
    public void A_successor_sealed_as_a_whole_text_is_that_text()
    {
        var (parent, successor) = (OpaqueToken.Mint(), OpaqueToken.Mint());

        var box = OpaqueToken.Seal(parent, successor);

        RefreshToken.Unseal(System.Text.Encoding.UTF8.GetBytes(parent), box, Grant, 7).Should().Be(successor);
    }

    [Test]
    public void Neither_is_read_as_the_other_and_nothing_else_as_either()
    {
        var (code, token) = (AuthorizationCode.Mint(Grant).Text, RefreshToken.Mint(Grant).Text);
        string[] others =
        [
            "", "A", "nonsense", OpaqueToken.Mint(), new('A', 66), new('A', 92), new('_', 66), new('_', 92),
            code[..^1], code + "A", token[..^1], token + "A",
            code[..^1] + " ", token[..^1] + " ", token[..^1] + "=", token[..^1] + "\n",
            "!" + code[1..], "!" + token[1..], new('ﷺ', 66), new('ﷺ', 92),
        ];

        AuthorizationCode.Read(token).Should().BeNull();
        RefreshToken.Read(code).Should().BeNull();
        foreach (var other in others)
        {
            AuthorizationCode.Read(other).Should().BeNull(other);
            RefreshToken.Read(other).Should().BeNull(other);
        }
    }

    [Test]
    public void A_text_with_one_character_changed_is_another_token_or_none() =>
        Gen.Select(Gen.Int[0, 91], Gen.Frequency((3, (IGen<char>)Gen.Char["ABCabc019-_"]), (1, Gen.Char))).Sample((at, character) =>
        {
            var (code, token) = (AuthorizationCode.Mint(Grant), RefreshToken.Mint(Grant));
            var otherCode = AuthorizationCode.Read(Changed(code.Text));
            var otherToken = RefreshToken.Read(Changed(token.Text));
            return (Changed(code.Text) == code.Text || otherCode is null || otherCode.GrantId != Grant
                || !otherCode.Hash.SequenceEqual(code.Hash))
                && (Changed(token.Text) == token.Text || otherToken is null || otherToken.Text != token.Text);

            string Changed(string text) => at < text.Length ? $"{text[..at]}{character}{text[(at + 1)..]}" : text;
        }, iter: 2000);

    // Of the lengths of both, and one more or less: base64url in all but the first octet, which is neither's.
    private static readonly Gen<string> OtherKind = Gen.Select(Gen.OneOf(65, 66, 67, 91, 92, 93),
        Gen.Char["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].Array[90],
        (length, characters) => "__" + new string(characters, 0, Math.Min(length - 3, 90)) + "A");

    [Test]
    public void Any_other_text_is_neither() =>
        Gen.OneOf(Any.Utf16, OtherKind).Sample(text =>
            AuthorizationCode.Read(text) is null && RefreshToken.Read(text) is null, iter: 2000);
}
