using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Who lost their phone: an administrator takes the second factors away, by page or command.</summary>
[Behaviour(91)]
public sealed class ResetFactorsTest : AdminFixture
{
    [Test]
    public async Task The_page_says_what_goes_and_signs_the_person_out()
    {
        var (alice, browser) = await WithFactorsAsync();
        var (_, admin) = await OliviaAsync();
        (await admin.GetAsync($"{Paths.AdminUser}?subject={alice.Subject}")).Body.Should().Contain("passkeys (1)")
            .And.Contain("authenticator app");
        var page = $"{Paths.AdminUserFactors}?subject={alice.Subject}";
        (await admin.GetAsync(page)).Body.Should().Contain("Passkeys: <strong>1</strong>")
            .And.Contain("Recovery codes: <strong>1</strong>");

        var done = await ChangeAsync(admin, page, Paths.AdminUserFactors);

        done.Status.Should().Be(303);
        (await LeftAsync(alice)).Should().Be(0);
        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await ActsAsync(done)).Should().ContainSingle().Which.Should()
            .EndWith("reset: passkeys 1, authenticator apps 1, recovery codes 1, sessions ended 1");
    }

    [Test]
    public async Task Nobody_does_it_for_themselves()
    {
        var (olivia, admin) = await OliviaAsync();
        await GiveAsync(olivia);

        await ChangeAsync(admin, $"{Paths.AdminUserFactors}?subject={olivia.Subject}", Paths.AdminUserFactors);

        (await LeftAsync(olivia)).Should().Be(3);
    }

    [Test]
    public async Task The_command_asks_first_and_refuses_where_nothing_would_be_left()
    {
        var (alice, browser) = await WithFactorsAsync();
        var asked = await Server.RunBinaryAsync("", "users", "reset-factors", alice.Username);
        asked.Code.Should().Be(1);
        asked.Error.Should().Contain("Passkeys: 1, authenticator apps: 1, recovery codes: 1");
        (await LeftAsync(alice)).Should().Be(3);
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", alice);
        (await Server.RunBinaryAsync("", "users", "reset-factors", alice.Username, "--yes")).Error.Should().Contain("has no password");
        await Server.ExecuteAsync("update users set password_hash = @hash where subject = @Subject",
            new { alice.Subject, hash = Cast.PasswordHash });

        (await Server.RunBinaryAsync("", "users", "reset-factors", alice.Username, "--yes", "--json")).Out
            .Should().Contain("\"removed\":2");

        (await LeftAsync(alice)).Should().Be(0);
        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.RunBinaryAsync("", "users", "reset-factors", "nobody", "--yes")).Error.Should().Contain("There is no user nobody");
        (await Server.QueryAsync<string>("select actor from audit_events where event = 'second-factor' and subject = @subject",
            new { subject = alice.Subject.ToString() })).Should().ContainSingle().Which.Should().StartWith("cli:");
    }

    [Test]
    public async Task A_second_factor_is_required_of_one_person_by_a_command_and_the_dashboard_names_administrators_without()
    {
        var alice = await Server.UserAsync();
        (await Server.RunBinaryAsync("", "users", "require-factor", alice.Username)).Code.Should().Be(0);
        (await Server.ScalarAsync<string?>("select second_factor from users where subject = @Subject", alice)).Should().Be("required");
        (await Server.RunBinaryAsync("", "users", "require-factor", alice.Username, "--off")).Code.Should().Be(0);
        (await Server.ScalarAsync<string?>("select second_factor from users where subject = @Subject", alice)).Should().BeNull();

        var (olivia, admin) = await OliviaAsync();
        (await admin.GetAsync(Paths.Admin)).Body.Should().Contain("Administrators whose password alone").And.Contain(olivia.Username);
        await GiveAsync(olivia);
        (await admin.GetAsync(Paths.Admin)).Page.QuerySelector("p.caution")?.TextContent.Should().NotContain(olivia.Username);
    }

    [Test, Behaviour(68)]
    public async Task An_app_takes_two_factors_only_by_page_and_command()
    {
        var (_, admin) = await OliviaAsync();
        var app = await Server.PublicClientAsync();
        var page = $"{Paths.AdminClient}?id={app.Id}";

        (await ChangeAsync(admin, page, Paths.AdminClient, ("min_acr", "aal2"))).Status.Should().Be(303);
        (await AcrAsync()).Should().Be("aal2");
        (await Server.RunBinaryAsync("", "clients", "edit", app.Id, "--min-acr", "")).Code.Should().Be(0);
        (await AcrAsync()).Should().BeNull();
        (await Server.RunBinaryAsync("", "clients", "edit", app.Id, "--min-acr", "aal2")).Code.Should().Be(0);
        (await AcrAsync()).Should().Be("aal2");

        Task<string?> AcrAsync() => Server.ScalarAsync<string?>("select min_acr from clients where client_id = @Id", new { app.Id });
    }

    private async Task<(Person Person, Browser Browser)> WithFactorsAsync()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(alice);
        await GiveAsync(alice);
        return (alice, browser);
    }

    private Task GiveAsync(Person person) => Server.ExecuteAsync("""
        insert into passkeys (id, subject, public_key, sign_count, name, created_at)
            values (decode(md5(@Subject::text), 'hex'), @Subject, 'x', 0, 'a key', now());
        insert into totp (subject, secret_sealed, last_step, created_at) values (@Subject, 'x', 0, now());
        insert into recovery_codes (subject, code_hash) values (@Subject, 'x')
        """, person);

    private Task<long> LeftAsync(Person person) => Server.ScalarAsync<long>("""
        select (select count(*) from passkeys where subject = @Subject) + (select count(*) from totp where subject = @Subject)
             + (select count(*) from recovery_codes where subject = @Subject)
        """, person);
}
