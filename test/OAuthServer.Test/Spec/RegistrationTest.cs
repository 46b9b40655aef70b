using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>POST /register, open to anybody (RFC 7591).</summary>
[Behaviour(14, 15)]
public sealed class RegistrationTest : ServerFixture
{
    private static readonly string[] CodeAndRefresh = ["authorization_code", "refresh_token"];
    private static readonly string[] Code = ["code"];
    private const string Web = "https://app.example/cb";

    [Test, Rfc(7591, "3.2.1"), Case("DCR-001")]
    public async Task A_public_client_registers_and_reads_back_what_is_in_effect()
    {
        var reply = await Server.RegisterAsync(new
        {
            client_name = "Case client",
            redirect_uris = new[] { "http://127.0.0.1/callback" },
            grant_types = CodeAndRefresh,
            response_types = Code,
            token_endpoint_auth_method = "none",
            application_type = "native",
        });

        reply.ShouldBeRegistered();
        reply.Text("client_id").Should().NotStartWith("https://");
        reply.Text("client_name").Should().Be("Case client");
        reply.Strings("redirect_uris").Should().Equal("http://127.0.0.1/callback");
        reply.Strings("grant_types").Should().Equal(CodeAndRefresh);
        reply.Strings("response_types").Should().Equal(Code);
        reply.Text("token_endpoint_auth_method").Should().Be("none");
        (await Server.ScalarAsync<string>("select origin from clients where client_id = @id", new { id = reply.Text("client_id") }))
            .Should().Be("self-registered");
        (await Server.TokensAsync(Server.ClientOf(reply), await Server.UserAsync(), "notes:read")).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(7591, "3.2.1"), Case("DCR-002"), Behaviour(36)]
    public async Task A_confidential_client_sees_its_secret_once_and_the_database_never()
    {
        var reply =
            await Server.RegisterAsync(
                new { client_name = "Case client", redirect_uris = new[] { Web }, token_endpoint_auth_method = "client_secret_basic" });

        reply.ShouldBeRegistered();
        var secret = reply.Text("client_secret")!;
        secret.Should().MatchRegex("^[A-Za-z0-9_-]{43}$", "256 bits that HTTP Basic carries unchanged");
        reply.Json.GetProperty("client_secret_expires_at").GetInt32().Should().Be(0);
        var rows = await Server.QueryAsync<string>(
            "select row_to_json(c) || ' ' || row_to_json(s) || ' ' || row_to_json(r) "
                + "from clients c join client_secrets s using (client_id) join registrations r using (client_id) where client_id = @id",
            new { id = reply.Text("client_id") });
        rows.Should().ContainSingle().Which.Should().NotContainAny(secret, reply.Text("registration_access_token")!).And.Contain("$2a$10$");
        var audit = await Server.AuditAsync(reply);
        audit.Should().ContainSingle().Which.Detail.Should().NotContainAny(secret, reply.Text("registration_access_token")!);
        (await Server.TokensAsync(Server.ClientOf(reply), await Server.UserAsync())).Should().HaveIssuedTokens();
        (await Server.ManageAsync(HttpMethod.Get, reply.Text("client_id")!, reply.Text("registration_access_token"))).Body
            .Should().NotContain("client_secret\"");
    }

    [Test, Rfc(7591, "2")]
    public async Task A_member_left_out_gets_its_default()
    {
        var native =
            await Server.RegisterAsync("""{"redirect_uris":["http://localhost:1234/callback"],"client_name":null,"grant_types":null}""");
        var web = await Server.RegisterAsync(new { redirect_uris = new[] { Web } });
        var mixed = await Server.RegisterAsync(new { redirect_uris = new[] { Web, "http://127.0.0.1/cb" } });
        var local = await Server.RegisterAsync(new { redirect_uris = new[] { "https://localhost/cb" } });

        foreach (var reply in new[] { native, web, mixed, local })
        {
            reply.ShouldBeRegistered();
            reply.Strings("grant_types").Should().Equal(CodeAndRefresh);
            reply.Strings("response_types").Should().Equal(Code);
        }

        native.Text("client_name").Should().Be(native.Text("client_id"));
        native.Text("token_endpoint_auth_method").Should().Be("none");
        web.Text("token_endpoint_auth_method").Should().Be("client_secret_basic");
        mixed.Text("token_endpoint_auth_method").Should().Be("none");
        local.Text("token_endpoint_auth_method").Should().Be("none");
    }

    [TestCase("notes:read audit:read nonsense", "notes:read")]
    [TestCase("notes:read offline_access", "notes:read offline_access")]
    [TestCase("", "notes:delete notes:read notes:write offline_access")]
    [TestCase(null, "notes:delete notes:read notes:write offline_access")]
    [TestCase("read_sensors", "notes:delete notes:read notes:write offline_access")]
    public async Task Closed_scopes_are_dropped_and_the_reply_says_what_is_left(string? scope, string effective)
    {
        var reply = await Server.RegisterAsync(new { redirect_uris = new[] { "http://localhost/callback" }, scope });

        reply.ShouldBeRegistered();
        reply.Text("scope").Should().Be(effective);
    }

    [Test, Behaviour(34)]
    public async Task A_scope_closed_later_leaves_those_who_registered_with_it()
    {
        await Server.ExecuteAsync("insert into scopes (name, resource, open) values ('notes:later', @Notes, true)", new { Cast.Notes });
        await Eventually.BecomesTrueAsync(async () =>
            (await Server.RegisterAsync(new { redirect_uris = new[] { Web }, scope = "notes:later" })).Text("scope") == "notes:later");
        await Server.ExecuteAsync("update scopes set open = false where name = 'notes:later'");

        (await Server.ScalarAsync<long>("select count(*) from clients where 'notes:later' = any (scopes)")).Should().Be(0);
    }

    [TestCase("urn:ietf:params:oauth:grant-type:saml2-bearer authorization_code refresh_token", "authorization_code refresh_token")]
    [TestCase("authorization_code", "authorization_code")]
    [TestCase("refresh_token authorization_code authorization_code", "authorization_code refresh_token")]
    public async Task Unknown_grants_beside_the_code_grant_are_dropped(string grants, string effective)
    {
        var reply =
            await Server.RegisterAsync(new { redirect_uris = new[] { "http://localhost/callback" }, grant_types = grants.Split(' ') });

        reply.ShouldBeRegistered();
        reply.Strings("grant_types").Should().Equal(effective.Split(' '));
    }

    [TestCase("implicit authorization_code", null)]
    [TestCase("password", null)]
    [TestCase("refresh_token", null)]
    [TestCase("urn:ietf:params:oauth:grant-type:saml2-bearer", null)]
    [TestCase("authorization_code", "token")]
    [TestCase("authorization_code", "code id_token")]
    [Rfc(7591, "2.1"), Case("DCR-035")]
    public async Task Grants_and_response_types_that_do_not_exist_here_are_refused(string grants, string? response)
    {
        var reply =
            await Server.RegisterAsync(new
            {
                redirect_uris = new[] { Web },
                grant_types = grants.Split(' '),
                response_types = response is null ? null : new[] { response }
            });

        reply.Should().BeRefusedWith("invalid_client_metadata");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Event.Should().Be("registration");
    }

    [Test, Case("DCR-036")]
    public async Task A_private_key_is_neither_wanted_nor_kept()
    {
        object Body(string method) =>
            new
            {
                client_name = "Case client",
                redirect_uris = new[] { Web },
                token_endpoint_auth_method = method,
                jwks = new { keys = new[] { new { kty = "EC", crv = "P-256", x = "..", y = "..", d = "my-private-key" } } }
            };

        (await Server.RegisterAsync(Body("private_key_jwt"))).Should().BeRefusedWith("invalid_client_metadata");
        var ignored = await Server.RegisterAsync(Body("none"));
        ignored.ShouldBeRegistered();
        ignored.Body.Should().NotContain("jwks");
    }

    [Test, Case("DCR-041")]
    public async Task A_member_the_client_may_not_choose_is_ignored()
    {
        var reply = await Server.RegisterAsync(new
        {
            redirect_uris = new[] { "http://localhost/callback" },
            client_id = "nightly-etl",
            client_secret = "chosen",
            origin = "operator",
            enabled = true,
            trusted = true,
            default_resource = Cast.Sensors,
            access_token_seconds = 86_400,
            software_statement = "eyJhbGciOiJub25lIn0.e30.",
            contacts = new object[] { 1, new { } },
            unknown = new { deep = true },
        });

        reply.ShouldBeRegistered();
        reply.Text("client_id").Should().NotBe("nightly-etl");
        reply.Body.Should().NotContainAny("chosen", "software_statement", "contacts", "unknown");
        (await Server.QueryAsync<string>("select origin || default_resource || access_token_seconds from clients where client_id = @id",
            new { id = reply.Text("client_id") }))
            .Should().Equal([null], "no default resource");
    }

    [Test, Case("DCR-023", "DCR-025", "DCR-026", "DCR-027", "DCR-028", "DCR-029")]
    public async Task Pages_of_the_client_are_https_or_dropped(
        [Values("client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri", "sector_identifier_uri",
            "initiate_login_uri")] string member,
        [Values("javascript:alert(document.cookie)", "data:text/html,x", "http://169.254.169.254/", "http://localhost:5432/",
            "https://10.0.0.1/", "https://[::1]/", "https://localhost/", "")] string uri)
    {
        var reply =
            await Server.RegisterAsync(new Dictionary<string,
                object>
            { ["redirect_uris"] = new[] { "http://localhost/callback" }, [member] = uri });

        reply.ShouldBeRegistered();
        reply.Has(member).Should().BeFalse();
    }

    [Test]
    public async Task Good_pages_of_the_client_are_kept()
    {
        var reply = await Server.RegisterAsync(new
        {
            redirect_uris = new[] { "http://localhost/callback" },
            client_uri = "https://app.example/",
            logo_uri = "https://app.example/logo.png",
            tos_uri = "https://app.example/tos",
            policy_uri = "https://app.example/policy",
        });

        reply.ShouldBeRegistered();
        reply.Text("client_uri").Should().Be("https://app.example/");
        reply.Text("logo_uri").Should().Be("https://app.example/logo.png");
        reply.Text("tos_uri").Should().Be("https://app.example/tos");
        reply.Text("policy_uri").Should().Be("https://app.example/policy");
    }

    [Test, Case("DCR-030", "DCR-031")]
    public async Task A_name_is_cleaned_of_what_deceives_and_makes_nobody_first_party()
    {
        await Server.AddClientAsync("acme", "user-facing", "none", [Web], "", "operator", Cast.Notes, null);
        var reply =
            await Server.RegisterAsync(new
            {
                client_name = " <img src=x onerror=alert(1)>\u202eevil\0\n ",
                redirect_uris = new[] { Web },
                token_endpoint_auth_method = "none"
            });
        var acme =
            await Server.RegisterAsync(
                new { client_name = "Acme Console", redirect_uris = new[] { Web }, token_endpoint_auth_method = "none" });

        reply.ShouldBeRegistered();
        reply.Text("client_name").Should().Be("<img src=x onerror=alert(1)>evil");
        (await Server.ScalarAsync<string>("select origin from clients where client_id = @id", new { id = acme.Text("client_id") }))
            .Should().Be("self-registered");
        (await Server.RegisterAsync(new { client_name = new string('n', 257), redirect_uris = new[] { Web } }))
            .Should().BeRefusedWith("invalid_client_metadata");
        (await Server.RegisterAsync(new { client_name = new string('n', 256), redirect_uris = new[] { Web } })).ShouldBeRegistered();
    }

    [Test, Behaviour(25)]
    public async Task One_registration_is_one_audit_row_and_no_notification()
    {
        var heard = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        Server.Get<Notifications>().Changed += heard.Enqueue;
        var before = await Server.ScalarAsync<long>("select count(*) from audit_events");
        var reply = await Server.RegisterAsync(new { redirect_uris = new[] { Web }, token_endpoint_auth_method = "client_secret_post" });

        (await Server.ScalarAsync<long>("select count(*) from audit_events")).Should().Be(before + 1);
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (row.Event, row.Outcome, row.ClientId).Should().Be(("registration", "ok", reply.Text("client_id")));

        await Server.ExecuteAsync("update clients set note = 'seen' where client_id = @id", new { id = reply.Text("client_id") });
        (await Server.QueryAsync<string>("select event from audit_events where client_id = @id order by at",
            new { id = reply.Text("client_id") }))
            .Should().Equal(["registration", "edit"], "what others do to the row is recorded as ever");
        await Eventually.BecomesTrueAsync(() => Task.FromResult(heard.Contains($"clients:{reply.Text("client_id")}")));
        heard.Count(what => what == $"clients:{reply.Text("client_id")}").Should().Be(1, "the registration itself notifies nobody");
    }

    [Test, Rfc(8414, "2")]
    public async Task Discovery_names_the_endpoint() =>
        (await Server.GetAsync(Paths.ServerMetadata)).Text("registration_endpoint").Should().Be(Server.Issuer + "/register");

    [Test, Behaviour(13)]
    public async Task Pages_on_other_origins_may_register([Values("http://localhost/callback", "javascript:alert(1)")] string redirect)
    {
        var preflight = await Server.SendAsync(HttpMethod.Options, Paths.Register, null,
            ("Origin", "https://inspector.example"), ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "content-type,mcp-protocol-version"));
        var reply =
            await Server.SendAsync(HttpMethod.Post, Paths.Register,
                Requests.Form($$"""{"redirect_uris":["{{redirect}}"]}""", "application/json"), ("Origin", "https://inspector.example"));

        preflight.Status.Should().Be(204);
        preflight.Header("Access-Control-Allow-Origin").Should().Be("*");
        preflight.Header("Access-Control-Allow-Headers")
            .Should().ContainEquivalentOf("content-type").And.ContainEquivalentOf("mcp-protocol-version");
        reply.Header("Access-Control-Allow-Origin").Should().Be("*");
        reply.Header("Access-Control-Expose-Headers").Should().Contain("WWW-Authenticate").And.Contain("Retry-After");
        reply.Header("Access-Control-Allow-Credentials").Should().BeNull();
    }
}
