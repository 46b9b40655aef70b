using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Where a code may go: octet by octet, but for the port of a native client on this computer.</summary>
[Behaviour(20)]
public sealed class RedirectUriTest : ServerFixture
{
    private Browser signedIn = null!;
    private Person alice = null!;
    private TestClient web = null!;
    private TestClient native = null!;

    [OneTimeSetUp]
    public async Task SignInAsync()
    {
        alice = await Server.UserAsync();
        web = await Server.PublicClientAsync("https://client.example/cb");
        native = await Server.PublicClientAsync("http://127.0.0.1/callback");
        await Server.ExecuteAsync("update clients set redirect_uris = @uris where client_id = @Id",
            new
            {
                native.Id,
                uris =
                new[] { "http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback", "com.example.app:/cb" }
            });
        signedIn = Server.NewBrowser();
        await signedIn.SignInAsync(alice);
        await Eventually.BecomesTrueAsync(async () => (await signedIn.GetAsync(Query(native, "com.example.app:/cb"))).Status == 303);
    }

    [TestCase("https://client.example/cb/", TestName = "REDIR_001_trailing_slash")]
    [TestCase("https://client.example/cb/extra", TestName = "REDIR_002_prefix_match")]
    [TestCase("https://client.example.evil.example/cb", TestName = "REDIR_003_suffix_host")]
    [TestCase("https://client.example@evil.example/cb", TestName = "REDIR_004_user_information")]
    [TestCase("https://client.example/cb/../evil", TestName = "REDIR_006_path_traversal")]
    [TestCase("https://client.example/cb%252f..%252fevil", TestName = "REDIR_008_double_encoded_traversal")]
    [TestCase("https://client.example/cb/..;/evil", TestName = "REDIR_009_matrix_traversal")]
    [TestCase("https://clientXexample/cb", TestName = "REDIR_010_regex_dot")]
    [TestCase("https://CLIENT.example/cb", TestName = "REDIR_011_other_case")]
    [TestCase("https://client.example:443/cb", TestName = "REDIR_013_default_port_added")]
    [TestCase("https://a.client.example/cb", TestName = "REDIR_018_subdomain")]
    [TestCase("https://client.example./cb", TestName = "REDIR_019_trailing_dot")]
    [TestCase(" https://client.example/cb", TestName = "REDIR_021_leading_space")]
    [TestCase("https://client\uff0eexample/cb", TestName = "REDIR_022_full_width_dot")]
    [TestCase("/cb", TestName = "REDIR_024_relative_path")]
    [TestCase("data:text/html,<script>1</script>", TestName = "REDIR_026_data_scheme")]
    [TestCase("https://client.example/cb\0.evil.example", TestName = "REDIR_027_NUL")]
    [TestCase("https://[::ffff:7f00:1]/cb", TestName = "REDIR_028_address_literal")]
    [TestCase("https://client.example:8443/cb", TestName = "REDIR_044_no_free_port_elsewhere")]
    [Test, Rfc(6749, "3.1.2.3")]
    [Case("REDIR-001", "REDIR-002", "REDIR-003", "REDIR-004", "REDIR-006", "REDIR-008", "REDIR-009", "REDIR-010", "REDIR-011", "REDIR-013")]
    [Case("REDIR-018", "REDIR-019", "REDIR-021", "REDIR-022", "REDIR-024", "REDIR-026", "REDIR-027", "REDIR-028", "REDIR-044")]
    public async Task A_variant_of_a_registered_URI_goes_nowhere(string uri)
    {
        var reply = await signedIn.GetAsync(Query(web, uri));

        AuthorizeTest.ShouldBeAPage(reply);
        reply.Body.Should().NotContain("<script>1").And.NotContain("evil.example");
        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        line.Expected.Should().Be("https://client.example/cb", "both values are in the private reason");
        line.Got.Should().Be(uri.Replace('\0', '\uFFFD'));
    }

    [TestCase("http://[::1]:51004/callback", TestName = "REDIR_033_IPv6_any_port")]
    [TestCase("http://localhost:51004/callback", TestName = "REDIR_034_localhost_any_port")]
    [TestCase("http://127.0.0.1:51004/callback", TestName = "Loopback_IPv4_any_port")]
    [TestCase("com.example.app:/cb", TestName = "Private_use_scheme_exactly")]
    [Test, Rfc(8252, "7.3"), Case("REDIR-033", "REDIR-034")]
    public async Task A_native_client_gets_its_code_where_it_listens(string uri)
    {
        var verifier = TestClient.NewVerifier();
        var landed = await signedIn.AllowAsync(native.AuthorizeQuery(verifier, ("redirect_uri", uri)), alice);

        landed.Url.Should().StartWith(uri + "?");
        (await native.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, "http://127.0.0.1/callback")))
            .Should().BeRefusedWith("invalid_grant");
        (await native.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, uri))).Should().HaveIssuedTokens();
    }

    [TestCase("http://127.0.0.1:51004/evil", TestName = "REDIR_035_other_path")]
    [TestCase("http://127.0.0.2:51004/callback", TestName = "REDIR_036_other_loopback_literal")]
    [TestCase("http://127.0.0.1:51004@evil.example/callback", TestName = "REDIR_037_user_information")]
    [TestCase("http://2130706433:51004/callback", TestName = "REDIR_039_decimal_address")]
    [TestCase("http://127.0.0.1:99999/callback", TestName = "REDIR_040_port_overflow")]
    [TestCase("http://127.0.0.1:80.evil.example/callback", TestName = "REDIR_041_port_text")]
    [TestCase("http://127.0.0.1:51004/callback?x=1", TestName = "REDIR_042_added_query")]
    [TestCase("http://localhost.evil.example:80/callback", TestName = "REDIR_043_localhost_suffix")]
    [TestCase("com.example.app:/cb2", TestName = "REDIR_045_other_private_use_path")]
    [TestCase("https://127.0.0.1:51004/callback", TestName = "Loopback_other_scheme")]
    [Test, Rfc(8252, "8.3"),
        Case("REDIR-035", "REDIR-036", "REDIR-037", "REDIR-039", "REDIR-040", "REDIR-041", "REDIR-042", "REDIR-043", "REDIR-045")]
    public async Task Only_the_port_is_free_on_loopback(string uri) => AuthorizeTest.ShouldBeAPage(
        await signedIn.GetAsync(Query(native, uri)));

    [Test, Rfc(8252, "7.3")]
    public async Task A_confidential_client_gets_no_free_port()
    {
        var confidential = await Server.ConfidentialClientAsync(redirect: "http://127.0.0.1/callback");

        AuthorizeTest.ShouldBeAPage(await signedIn.GetAsync(Query(confidential, "http://127.0.0.1:51004/callback")));
    }

    [Test, Rfc(9700, "4.11"), Behaviour(14)]
    public async Task A_strangers_free_port_is_not_the_port_of_this_server()
    {
        var stranger = Server.ClientOf(await Server.RegisterPublicAsync("http://localhost/consent"));

        AuthorizeTest.ShouldBeAPage(await signedIn.GetAsync(Query(stranger, Server.Issuer + "/consent")));
        (await signedIn.GetAsync(Query(stranger, "http://localhost:51004/consent"))).Status.Should().Be(303);
    }

    [Test, Rfc(6749, "3.1.2.3"), Case("REDIR-030")]
    public async Task The_redirect_URI_may_be_left_out_when_there_is_exactly_one()
    {
        AuthorizeTest.ShouldBeAPage(
            await signedIn.GetAsync("/authorize?" + native.AuthorizeQuery(TestClient.NewVerifier(), ("redirect_uri", null))));

        (await signedIn.AllowAsync(web.AuthorizeQuery(TestClient.NewVerifier(), ("redirect_uri", null)), alice)).Url
            .Should().StartWith("https://client.example/cb?");
    }

    private static string Query(TestClient client, string uri) => "/authorize?" + client.AuthorizeQuery(
        TestClient.NewVerifier(), ("redirect_uri", uri));
}
