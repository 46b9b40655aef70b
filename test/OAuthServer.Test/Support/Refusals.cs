using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using FluentAssertions.Primitives;

namespace OAuthServer.Test.Support;

/// <summary>One assertion carries the protocol of refusals.</summary>
public static class Refusals
{
    public static ReplyAssertions Should(this Reply reply) => new(reply);

    public sealed class ReplyAssertions(Reply reply) : ReferenceTypeAssertions<Reply, ReplyAssertions>(reply)
    {
        protected override string Identifier => "reply";

        /// <summary>RFC 6749 §5.2: the code, its status, JSON, no-store, printable description, a request id, Basic on 401.</summary>
        public void BeRefusedWith(string error, int? status = null, string? description = null)
        {
            using var scope = new AssertionScope(Subject.ToString());
            Subject.Status.Should().Be(status
                ?? (error is "invalid_client" ? 401 : error is "temporarily_unavailable" ? 503 : error is "slow_down" ? 429 : 400));
            Subject.IsJson.Should().BeTrue();
            Subject.Error.Should().Be(error);
            if (description is not null) Subject.Description.Should().Be(description);
            Subject.Description.Should().MatchRegex(@"^[\x20-\x21\x23-\x5B\x5D-\x7E]+$");
            Subject.Header("Cache-Control").Should().Contain("no-store");
            Subject.Header("Pragma").Should().Be("no-cache");
            Subject.RequestId.Should().NotBeEmpty();
            if (Subject.Status == 401) Subject.Header("WWW-Authenticate").Should().StartWith("Basic ");
            if (Subject.Status is 429 or 503) Subject.Header("Retry-After").Should().NotBeNull();
            foreach (var member in new[] { "access_token", "refresh_token", "code" }) Subject.Body.Should().NotContain($"\"{member}\"");
        }

        /// <summary>What a proxy says for a server that ended without an answer: JSON, and when to try again.</summary>
        public void BeRefusedByProxy()
        {
            using var scope = new AssertionScope(Subject.ToString());
            Subject.Status.Should().Be(502);
            Subject.Error.Should().Be("temporarily_unavailable");
            Subject.Header("Retry-After").Should().NotBeNull();
            Subject.Header("Cache-Control").Should().Be("no-store");
        }

        /// <summary>RFC 6749 §5.1: tokens, never cached, no nulls.</summary>
        /// <param name="type">DPoP for those that are bound to a key.</param>
        public void HaveIssuedTokens(string? scope = null, string type = "Bearer")
        {
            using var assertions = new AssertionScope(Subject.ToString());
            Subject.Status.Should().Be(200);
            if (Subject.Status != 200) return;
            Subject.Header("Cache-Control").Should().Contain("no-store");
            Subject.Json.EnumerateObject().Should().NotContain(member => member.Value.ValueKind == JsonValueKind.Null);
            Subject.Json.GetProperty("token_type").GetString().Should().Be(type);
            Subject.Json.GetProperty("expires_in").GetInt32().Should().BePositive();
            Subject.AccessToken.Should().NotBeEmpty();
            if (scope is not null) Subject.Json.GetProperty("scope").GetString().Should().Be(scope);
        }
    }
}
