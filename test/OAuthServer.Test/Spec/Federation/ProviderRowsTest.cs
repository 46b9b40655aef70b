using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Rows of providers by SQL: what is refused, with words that repeat nothing, and how fast the rest is in force.</summary>
[Behaviour(73, 84)]
public sealed class ProviderRowsTest : FederationFixture
{
    [TestCase("issuer = 'https://login.microsoftonline.com/common/v2.0'", "common", "issuer")]
    [TestCase("issuer = 'https://login.microsoftonline.com/organizations/v2.0'", "organizations", "issuer")]
    [TestCase("issuer = 'https://login.microsoftonline.com/consumers/v2.0'", "consumers", "issuer")]
    [TestCase("issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0'", "tenantid", "issuer")]
    [TestCase("issuer = 'https://sts.windows.net/common/'", "windows", "issuer")]
    [TestCase("issuer = 'http://up.example'", "up.example", "issuer")]
    [TestCase("issuer = 'http://localhost.evil.example'", "evil", "issuer")]
    [TestCase("issuer = 'https://up.example?x=1'", "x=1", "issuer")]
    [TestCase("issuer = 'https://user@up.example'", "user@", "issuer")]
    [TestCase("issuer = 'ftp://up.example'", "ftp", "issuer")]
    [TestCase("provisioning = 'create', allowed_claims = '{}'", "{}", "allowed_claims")]
    [TestCase("provisioning = 'anybody'", "anybody", "provisioning")]
    [TestCase("secret_sealed = 'hunter2'", "hunter2", "secret_sealed")]
    [TestCase("secret_sealed = 'a-secret-that-is-as-long-as-a-sealed-one-would-be'", "a-secret", "secret_sealed")]
    [TestCase("""extra_params = '{"redirect_uri": "x"}'""", "redirect_uri", "extra_params")]
    [TestCase("""extra_params = '{"hd": 7}'""", "7", "extra_params")]
    [TestCase("""allowed_claims = '{"hd": "example.com"}'""", "hd\": \"example.com\"", "allowed_claims")]
    [TestCase("""allowed_claims = '{"hd": []}'""", "[]", "allowed_claims")]
    [TestCase("""allowed_claims = '["hd"]'""", "[\"hd\"]", "allowed_claims")]
    [TestCase("""claim_map = '{"password": "x"}'""", "password", "claim_map")]
    [TestCase("""role_map = '{"groups": {"a": "superuser"}}'""", "superuser", "role_map")]
    [TestCase("""role_map = '{"groups": {"a": 1}}'""", "1", "role_map")]
    [TestCase("""role_map = '{"groups": "admin"}'""", "groups\": \"admin\"", "role_map")]
    [TestCase("scopes = '{profile}'", "{profile}", "scopes")]
    [TestCase("scopes = null", "null", "scopes")]
    [TestCase("auth_method = 'private_key_jwt'", "private_key_jwt", "auth_method")]
    [TestCase("reauth = 'never'", "never", "reauth")]
    [TestCase("on_disable = 'everything'", "everything", "on_disable")]
    [TestCase("email_domains = '{@example.com}'", "@example", "email_domains")]
    [TestCase("label = '\u202E'", "\u202E", "label")]
    [TestCase("client_id = ''", "''", "client_id")]
    [TestCase("id = 'Entra!'", "Entra", "id")]
    [TestCase("id = 'another'", "another", "id")]
    [Test, Case("UP-139")]
    public async Task A_loose_row_is_refused_and_nothing_of_it_is_repeated(string set, string value, string column)
    {
        var (_, id) = await CompanyAsync();

        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync($"update identity_providers set {set} where id = @id",
            new { id }))
            .Should().ThrowAsync<PostgresException>()).Which;

        (refusal.SqlState, refusal.ColumnName).Should().Be((PostgresErrorCodes.CheckViolation, column));
        refusal.Hint.Should().NotBeNullOrEmpty();
        if (value is not ("null" or "''" or "1" or "7" or "{}" or "[]"))
            $"{refusal.MessageText} {refusal.Detail}".Should().NotContain(value);
        if (column == "secret_sealed")
            (await Server.QueryAsync<string>("select detail from audit_events where detail like '%' || @value || '%'", new { value }))
                .Should().BeEmpty();
    }

    [Test]
    public async Task Several_rows_at_once_are_offered_within_moments_and_leave_as_fast()
    {
        var (one, other) = (Elsewhere.NewCompany(), Elsewhere.NewCompany());

        await Server.ExecuteAsync("""
            insert into identity_providers (id, label, issuer, client_id, auth_method, position) values
                ('second', 'Second & Sons', @b, 'x', 'none', 2), ('first', 'شركة', @a, 'x', 'none', 1)
            """, new { a = one.Issuer, b = other.Issuer });
        await HeardAsync("first");
        await OfferedAsync("first");
        await OfferedAsync("second");

        var login = await Server.NewBrowser().FollowAsync(Paths.Login);
        login.Reply.Page.QuerySelectorAll("form[action*=federation] button").Select(button => button.TextContent)
            .Should().Equal("Continue with شركة", "Continue with Second & Sons");
        login.Reply.Body.Should().Contain("Continue with <bdi>شركة</bdi>").And.Contain("<bdi>Second &amp; Sons</bdi>");
        login.Reply.Should().BeAPage(200);

        await Server.ExecuteAsync("update identity_providers set enabled = false where id = 'first'");
        await HeardAsync("first");
        (await Server.NewBrowser().FollowAsync(Paths.Login)).Reply.Body.Should().NotContain("شركة").And.Contain("Second");
    }

    [Test]
    public async Task An_edit_is_on_record_and_the_secret_is_not()
    {
        var (_, id) = await CompanyAsync("trust_email = true");

        var rows = await Server.QueryAsync<string>("select detail from audit_events where event = 'edit' and detail like '%identity_providers%' || @id || '%'",
            new { id });

        rows.Should().Contain(detail => detail.Contains("trust_email: false → true"));
        rows.Should().OnlyContain(detail => !detail.Contains("secret_sealed:"));
        await Server.ExecuteAsync("update identity_providers set secret_sealed = secret_sealed || '\\x00'::bytea where id = @id", new { id });
        (await Server.QueryAsync<string>("select detail from audit_events where detail like '%' || @id || '%secret_sealed%'", new { id }))
            .Should().ContainSingle().Which.Should().EndWith("secret_sealed changed");
    }

    [TestCase("nothing", 1, 1), TestCase("sessions", 0, 1), TestCase("access", 0, 0)]
    public async Task A_provider_that_is_disabled_ends_what_its_row_says(string ends, int sessions, int grants)
    {
        var (company, id) = await CompanyAsync($"on_disable = '{ends}'");
        var (alice, browser, client) = (await Server.UserAsync(), Server.NewBrowser(), await Server.PublicClientAsync());
        await LinkAsync(company, alice);
        await ComeAsync(browser, company, id);
        var local = await client.TokensAsync(alice);
        var tokens = await client.TokensAsync(alice, browser, ("scope", "notes:read offline_access"));

        await Server.ExecuteAsync("update identity_providers set enabled = false where id = @id", new { id });

        (await browser.IsSignedInAsync()).Should().Be(sessions == 1);
        var refreshed = await client.RefreshAsync(tokens.RefreshToken!);
        if (grants == 1) refreshed.Should().HaveIssuedTokens();
        else refreshed.Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(local.RefreshToken!)).Should().HaveIssuedTokens();
        (await Server.QueryAsync<string>("select ended_reason from grants where subject = @Subject and ended_at is not null", alice))
            .Should().Equal(grants == 1 ? [] : ["provider_disabled"]);

        await Server.ExecuteAsync("update identity_providers set enabled = true where id = @id", new { id });
        (await client.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(grants == 1 ? 200 : 400, "enabling revives nothing");
    }

    [Test]
    public async Task A_provider_that_is_deleted_ends_its_sessions_and_keeps_its_identities()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        await ComeAsync(browser, company, id);

        await Server.ExecuteAsync("delete from identity_providers where id = @id", new { id });

        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from identities where subject = @Subject", alice)).Should().Be(1);
    }
}
