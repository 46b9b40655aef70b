using FluentAssertions;
using FluentAssertions.Execution;
using NUnit.Framework;
using OAuthServer.Diagnosis;

namespace OAuthServer.Test.Diagnosis;

/// <summary>Each fault a server can be started with is found, and nothing else is complained of.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class DoctorFaultsTest
{
    [Test]
    public async Task A_server_without_a_fault_passes_every_check()
    {
        var findings = await ExamineAsync("none");

        findings.Should().OnlyContain(finding => finding.Verdict == Verdict.Pass);
        findings.Select(finding => finding.Check).Should().OnlyHaveUniqueItems().And.HaveCountGreaterThan(50);
    }

    [TestCase("no metadata for OAuth", "warn discovery.oauth")]
    [TestCase("a fault at the metadata", "fail discovery.oauth")]
    [TestCase("metadata behind a redirect", "fail discovery.oauth")]
    [TestCase("metadata that is a page", "fail discovery.oauth")]
    [TestCase("metadata without end", "fail discovery.oauth")]
    [TestCase("metadata is text", "fail discovery.type")]
    [TestCase("another issuer", "fail discovery.issuer")]
    [TestCase("the documents differ", "fail discovery.agree")]
    [TestCase("the resource has another name", "fail discovery.resource")]
    [TestCase("the resource trusts another issuer", "fail discovery.resource")]
    [TestCase("the clock is two minutes ahead", "fail clock.date")]
    [TestCase("the clock is ten seconds behind", "warn clock.date")]
    [TestCase("response types are missing", "fail metadata.required")]
    [TestCase("a fragment in a URL", "fail metadata.urls")]
    [TestCase("PKCE is not announced", "fail metadata.pkce")]
    [TestCase("only plain is announced", "fail metadata.pkce", "warn metadata.pkce-plain")]
    [TestCase("plain is announced", "warn metadata.pkce-plain")]
    [TestCase("implicit is announced", "warn metadata.response-types")]
    [TestCase("grant types are missing", "warn metadata.grants")]
    [TestCase("password is announced", "fail metadata.password")]
    [TestCase("none is announced", "fail metadata.algorithms")]
    [TestCase("authentication methods are missing", "warn metadata.auth-methods")]
    [TestCase("iss is not announced", "warn metadata.iss")]
    [TestCase("nobody can register", "warn metadata.registration")]
    public Task What_is_wrong_with_the_metadata_is_named(string fault, params string[] named) => NamesAsync(fault, named);

    [TestCase("no keys", "fail keys.read")]
    [TestCase("a private key is published", "fail keys.private")]
    [TestCase("a kid comes twice", "fail keys.kid")]
    [TestCase("a key without use", "warn keys.use")]
    [TestCase("a key for HS256", "fail keys.alg")]
    [TestCase("an RSA key of 1024 bits", "fail keys.strength")]
    [TestCase("no CORS at the metadata", "warn cors.metadata")]
    [TestCase("no CORS at the keys", "warn cors.keys")]
    [TestCase("no CORS at the token endpoint", "warn cors.token")]
    [TestCase("CORS with credentials", "fail cors.credentials")]
    [TestCase("CORS at the authorization endpoint", "fail cors.authorize")]
    public Task What_is_wrong_with_keys_and_CORS_is_named(string fault, params string[] named) => NamesAsync(fault, named);

    [TestCase("a fault at the authorization endpoint", "fail redirects.unknown-client")]
    [TestCase("an unknown client is redirected", "fail redirects.unknown-client")]
    [TestCase("pages can be framed", "fail pages.framing")]
    [TestCase("no Referrer-Policy", "warn pages.referrer")]
    [TestCase("the token endpoint redirects", "fail redirects.token", "fail flow.redeem")]
    [TestCase("a fault at the token endpoint", "fail token.client", "fail flow.redeem")]
    [TestCase("an unknown client gets 400", "fail token.client")]
    [TestCase("errors are text", "fail token.json")]
    [TestCase("refusals may be stored", "warn token.no-store")]
    [TestCase("an unknown grant type is granted", "fail token.grant")]
    [TestCase("the token endpoint takes GET", "fail token.get")]
    [TestCase("introspection is open", "fail introspection.authentication")]
    [TestCase("anybody may revoke", "fail revocation.authentication")]
    public Task What_is_wrong_with_the_endpoints_is_named(string fault, params string[] named) => NamesAsync(fault, named);

    [TestCase("registration is closed")]
    [TestCase("loopback redirect URIs are refused", "fail flow.register")]
    [TestCase("every request is refused", "fail flow.sign-in")]
    [TestCase("state is changed", "fail flow.state")]
    [TestCase("iss is another", "fail flow.iss")]
    [TestCase("no code is redeemed", "fail flow.redeem")]
    [TestCase("tokens may be stored", "fail flow.no-store")]
    [TestCase("tokens are signed by another key", "fail flow.access-token")]
    [TestCase("tokens have expired", "fail flow.access-token")]
    [TestCase("refresh tokens do not work", "fail flow.refresh")]
    [TestCase("refresh tokens do not rotate", "fail flow.rotation")]
    [TestCase("revocation does nothing", "fail flow.revocation")]
    [TestCase("a client cannot be deleted", "warn flow.clean-up")]
    public Task What_is_wrong_with_the_flow_is_named(string fault, params string[] named) => NamesAsync(fault, named);

    [TestCase("PKCE is not required", "fail negative.no-pkce")]
    [TestCase("plain is taken", "fail negative.plain")]
    [TestCase("any redirect URI is taken", "fail negative.redirect", "fail negative.redirect-prefix")]
    [TestCase("redirect URIs are compared by their beginning", "fail negative.redirect-prefix")]
    [TestCase("the implicit grant is there", "fail negative.implicit")]
    [TestCase("any resource is taken", "fail negative.resource")]
    [TestCase("resource is ignored", "warn negative.resource")]
    [TestCase("a code is redeemed twice", "fail negative.replay")]
    [TestCase("a replayed code ends nothing", "warn negative.replay-ends")]
    [TestCase("any verifier is taken", "fail negative.verifier")]
    [TestCase("no verifier is needed", "fail negative.no-verifier")]
    [TestCase("old refresh tokens work", "fail negative.refresh-replay")]
    [TestCase("a replayed refresh token ends nothing", "warn negative.refresh-family")]
    [TestCase("scripts are registered", "fail negative.registration")]
    public Task What_an_attacker_could_do_is_named(string fault, params string[] named) => NamesAsync(fault, named);

    private static async Task NamesAsync(string fault, string[] named)
    {
        var complaints = (await ExamineAsync(fault)).Where(finding => finding.Verdict is Verdict.Warn or Verdict.Fail).ToArray();

        using var scope = new AssertionScope();
        complaints.Select(finding => $"{finding.Verdict.ToString().ToLowerInvariant()} {finding.Check}").Should().BeEquivalentTo(named);
        complaints.Should().NotContain(finding => finding.Remedy == null || finding.Remedy.Length < 10, "each says what to do");
    }

    private static async Task<List<Finding>> ExamineAsync(string fault)
    {
        await using var server = await FaultyServer.StartAsync(fault);
        return await Doctor.ExamineAsync(server.Options, TimeProvider.System, CancellationToken.None).ToListAsync();
    }
}
