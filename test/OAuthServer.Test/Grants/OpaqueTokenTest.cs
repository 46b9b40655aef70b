using System.Security.Cryptography;
using System.Text;
using CsCheck;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Grants;

[Behaviour(36), Parallelizable(ParallelScope.All)]
public sealed class OpaqueTokenTest
{
    [Test]
    public void A_token_is_stored_as_its_SHA_256() =>
        Convert.ToHexStringLower(OpaqueToken.Hash("abc")).Should().Be("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    [Test]
    public void A_sealed_successor_opens_with_its_parent_and_with_no_other()
    {
        var (parent, successor) = (OpaqueToken.Mint(), OpaqueToken.Mint());

        var box = OpaqueToken.Seal(parent, successor);

        OpaqueToken.Unseal(parent, box).Should().Be(successor);
        Encoding.Latin1.GetString(box).Should().NotContain(successor);
        FluentActions.Invoking(() => OpaqueToken.Unseal(OpaqueToken.Mint(), box)).Should().Throw<CryptographicException>();
        FluentActions.Invoking(() => OpaqueToken.Unseal(parent[..^1] + (parent[^1] == 'A' ? 'B' : 'A'), box)).Should()
            .Throw<CryptographicException>();
    }

    [Test]
    public void No_octet_of_the_box_can_be_changed()
    {
        var parent = OpaqueToken.Mint();
        var box = OpaqueToken.Seal(parent, OpaqueToken.Mint());

        for (var i = 0; i < box.Length; i++)
        {
            var bent = box.ToArray();
            bent[i] ^= 1;
            FluentActions.Invoking(() => OpaqueToken.Unseal(parent, bent)).Should().Throw<CryptographicException>();
        }
    }

    [Test]
    public void The_same_successor_is_sealed_differently_each_time()
    {
        var (parent, successor) = (OpaqueToken.Mint(), OpaqueToken.Mint());

        OpaqueToken.Seal(parent, successor).Should().NotEqual(OpaqueToken.Seal(parent, successor));
    }

    // The hash in the database is no key: who has a dump cannot open the box beside it.
    [Test]
    public void The_stored_hash_does_not_open_it()
    {
        var parent = OpaqueToken.Mint();
        var box = OpaqueToken.Seal(parent, OpaqueToken.Mint());

        foreach (var guess in new[] { Convert.ToHexStringLower(OpaqueToken.Hash(parent)),
            System.Buffers.Text.Base64Url.EncodeToString(OpaqueToken.Hash(parent)) })
            FluentActions.Invoking(() => OpaqueToken.Unseal(guess, box)).Should().Throw<CryptographicException>();
    }

    [Test]
    public void Whatever_was_sealed_opens_with_its_secret_and_with_no_other() =>
        Gen.Select(Gen.Byte.Array[1, 40], Gen.Byte.Array[0, 100], Gen.Byte.Array[1, 40]).Sample((secret, content, other) =>
        {
            var box = OpaqueToken.Seal(secret, content);
            return OpaqueToken.Unseal(secret, box).SequenceEqual(content) && (other.SequenceEqual(secret) || !Opens(other, box));
        });

    [Test]
    public void Any_bit_of_the_box_that_is_changed_closes_it() =>
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int[0, 10_000], Gen.Int[0, 7]).Sample((content, octet, bit) =>
        {
            var secret = "a secret"u8.ToArray();
            var box = OpaqueToken.Seal(secret, content);
            box[octet % box.Length] ^= (byte)(1 << bit);
            return !Opens(secret, box);
        });

    private static bool Opens(byte[] secret, byte[] box)
    {
        try { return OpaqueToken.Unseal(secret, box) is not null; }
        catch (AuthenticationTagMismatchException) { return false; }
    }
}
