using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;
using OAuthServer.Tokens;

namespace OAuthServer.Test.Tokens;

/// <summary>Which id_tokens prove whom a client means.</summary>
[Rfc(8725, "3.11")]
public sealed class IdTokenHintsTest : ServerFixture
{
    private readonly Guid subject = Guid.NewGuid();
    private readonly Guid sid = Guid.NewGuid();

    private JsonObject Payload => Server.IdTokenOf(subject, "rp", sid);

    [Test]
    public async Task An_expired_id_token_of_ours_says_who_it_was_issued_for()
    {
        var good = (await ReadAsync(Server.Sign("JWT", Payload))).Should().BeOfType<IdTokenHint.Good>().Subject;

        good.Should().BeEquivalentTo(new IdTokenHint.Good
        {
            Subject = subject,
            ClientId = "rp",
            Sid = sid,
            AuthenticatedAt = DateTimeOffset.FromUnixTimeSeconds((long)Payload["auth_time"]!),
        });
    }

    [Test]
    public async Task An_id_token_need_not_name_a_sign_in()
    {
        var payload = Payload;
        payload.Remove("sid");
        (await ReadAsync(Server.Sign("JWT", payload))).Should().BeOfType<IdTokenHint.Good>().Which.Sid.Should().BeNull();
    }

    [Test]
    public async Task Every_other_kind_of_token_of_ours_is_bad([Values("at+jwt", "logout+jwt", "jwt", "")] string type) =>
        (await ReadAsync(Server.Sign(type, Payload))).Should().BeOfType<IdTokenHint.Bad>();

    [Test]
    public async Task A_token_by_a_key_nobody_knows_is_not_called_a_forgery() =>
        (await ReadAsync(Server.Sign("JWT", Payload, StrangeKey()))).Should().BeOfType<IdTokenHint.UnknownKey>();

    [Test]
    public async Task A_wrong_signature_under_a_kid_of_ours_is_bad()
    {
        var jwt = Jwt.Read(Server.Sign("JWT", Payload));
        using var forger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = jwt.SignedBy(input =>
            forger.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

        (await ReadAsync(forged)).Should().BeOfType<IdTokenHint.Bad>();
    }

    [Test]
    public async Task A_changed_claim_is_bad()
    {
        var jwt = Jwt.Read(Server.Sign("JWT", Payload));
        jwt.Payload["sub"] = Guid.NewGuid().ToString();
        (await ReadAsync(jwt.SignedBy(_ => jwt.Signature))).Should().BeOfType<IdTokenHint.Bad>();
    }

    [TestCase("alg", "none"), TestCase("alg", "HS256"), TestCase("crit", "exp"), TestCase("jku", "https://evil.example/keys")]
    public async Task Another_header_is_bad(string member, string value)
    {
        var jwt = Jwt.Read(Server.Sign("JWT", Payload));
        jwt.Header[member] = value;
        (await ReadAsync(jwt.SignedBy(_ => jwt.Signature))).Should().BeOfType<IdTokenHint.Bad>();
    }

    [TestCase("iss", "https://other.example"), TestCase("sub", "nightly-etl"), TestCase("auth_time", "now"), TestCase("aud", null)]
    public async Task Another_claim_than_ours_is_bad(string claim, string? value)
    {
        var payload = Payload;
        payload[claim] = value;
        (await ReadAsync(Server.Sign("JWT", payload))).Should().BeOfType<IdTokenHint.Bad>();
    }

    [Test]
    public async Task Anything_but_three_canonical_parts_is_bad([Values("", "a.b.c", "{0}.", "{0}..", "{0}=", " {0}", "..")] string form) =>
        (await ReadAsync(form.Replace("{0}", Server.Sign("JWT", Payload)))).Should().BeOfType<IdTokenHint.Bad>();

    private Task<IdTokenHint> ReadAsync(string token) => Server.Get<IdTokenHints>().ReadAsync(token);

    private static SigningKey StrangeKey()
    {
        var encryption = new KeyEncryption(new Settings { KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        return SigningKey.TryOpen(
            SigningKey.Make("ES256", encryption, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), encryption)!;
    }
}
