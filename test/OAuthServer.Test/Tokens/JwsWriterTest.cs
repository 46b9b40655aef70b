using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using FluentAssertions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;
using OAuthServer.Tokens;

namespace OAuthServer.Test.Tokens;

/// <summary>Tokens written by hand, held against the library's.</summary>
[Rfc(7515, "7.1"), Parallelizable(ParallelScope.All)]
public sealed class JwsWriterTest
{
    private static readonly JsonWebTokenHandler Library = new() { SetDefaultTimesOnTokenCreation = false };

    [TestCase("ES256"), TestCase("RS256")]
    public void Header_and_claims_are_octet_by_octet_those_of_the_library(string alg)
    {
        var key = NewKey(alg);
        Gen.Select(Any.Text, Any.Text).Sample((subject, scope) =>
        {
            var payload = Decoded(Write(key, subject, scope)).Last();
            var theirs = Library.CreateToken(
                payload, new SigningCredentials(key.SecurityKey, alg), new Dictionary<string, object> { ["typ"] = "at+jwt" });
            Decoded(Write(key, subject, scope)).Should().Equal(Decoded(theirs));
        }, iter: 100);
    }

    [TestCase("ES256"), TestCase("RS256")]
    public async Task The_library_verifies_what_many_threads_signed_at_once(string alg)
    {
        var key = NewKey(alg);
        var tokens = new ConcurrentBag<string>();
        Parallel.For(0, 400, i => tokens.Add(Write(key, $"subject {i}", new string('s', i))));

        tokens.Should().OnlyHaveUniqueItems().And.HaveCount(400);
        foreach (var token in tokens)
        {
            var result = await Library.ValidateTokenAsync(token, new TokenValidationParameters
            {
                IssuerSigningKey = key.SecurityKey,
                ValidAlgorithms = [alg],
                ValidTypes = ["at+jwt"],
                ValidateIssuer = false,
                ValidateAudience = false,
                ValidateLifetime = false,
            });
            result.IsValid.Should().BeTrue("{0}", result.Exception);
            ((JsonWebToken)result.SecurityToken).GetClaim("sub").Value.Length.Should()
                .BeGreaterThan(8, "each token holds what its own thread wrote");
            int.Parse(((JsonWebToken)result.SecurityToken).Subject[8..]).Should()
                .Be(((JsonWebToken)result.SecurityToken).GetClaim("scope").Value.Length);
        }
    }

    private static IEnumerable<string> Decoded(string token) =>
        token.Split('.')[..2].Select(part => Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(part)));

    private static string Write(SigningKey key, string subject, string scope) => Encoding.ASCII.GetString(
        JwsWriter.Write(key, "at+jwt", (subject, scope), (json, claims) =>
        {
            json.WriteString("sub", claims.subject);
            json.WriteString("scope", claims.scope);
        }));

    private static SigningKey NewKey(string alg)
    {
        var encryption = new KeyEncryption(new Settings { KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        return SigningKey.TryOpen(
            SigningKey.Make(alg, encryption, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), encryption)!;
    }
}
