using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Who may come, whom that is here, and what is kept of them.</summary>
[Behaviour(77, 78, 80)]
public sealed class ProvisioningTest : FederationFixture
{
    private const string Create = "provisioning = 'create', allowed_claims = jsonb_build_object('iss', jsonb_build_array(issuer))";

    private sealed record Row
    {
        public required Guid Subject { get; init; }
        public required string Username { get; init; }
        public required string Role { get; init; }
        public required string? Email { get; init; }
        public required bool Verified { get; init; }
        public required string? Name { get; init; }
        public required string? Locale { get; init; }
        public required string[] Groups { get; init; }
        public required bool HasPassword { get; init; }
        public required string? ManagedBy { get; init; }
    }

    private async Task<Row> RowAsync(Browser browser) => (await Server.QueryAsync<Row>(
        "select subject, username, role, email, email_verified_at is not null as verified, name, locale, groups, "
            + "password_hash is not null as has_password, managed_by from users where subject = @subject",
        new { subject = await WhoAsync(browser) })).Single();

    private static string Unique(string name) => $"{name}.{Guid.NewGuid().ToString("N")[..8]}";

    [TestCase("existing"), TestCase("invited")]
    public async Task Somebody_unknown_is_nobody_here(string provisioning)
    {
        var (company, id) = await CompanyAsync($"provisioning = '{provisioning}'");
        var browser = Server.NewBrowser();

        var reply = await ComeAsync(browser, company, id);

        await RefusedAsync(browser, reply, 403, "No account here belongs to that sign-in.", $"provisioning is {provisioning}");
    }

    [Test]
    public async Task A_new_person_is_made_of_what_the_company_says()
    {
        var (company, id) = await CompanyAsync(Create);
        var (browser, name) = (Server.NewBrowser(), Unique("Ada"));
        company.Person = new JsonObject
        {
            ["preferred_username"] = name,
            ["name"] = "Ada Lovelace",
            ["locale"] = "en",
            ["email"] = $"{name}@up.example",
            ["email_verified"] = true,
            ["groups"] = new JsonArray("staff")
        };

        var reply = await ComeAsync(browser, company, id);

        reply.Status.Should().Be(303, reply.ToString());
        var row = await RowAsync(browser);
        row.Username.Should().Be(name.ToLowerInvariant());
        (row.Role, row.Name, row.Locale, row.Email, row.Verified, row.HasPassword, row.ManagedBy).Should()
            .Be(("user", "Ada Lovelace", "en", $"{name}@up.example", false, false, id), "without trust_email no address is verified");
        row.Groups.Should().BeEmpty("claim_map does not name them");
        (await Server.AuditAsync(reply)).Should().ContainSingle(one => one.Event == "identity").Which.Detail
            .Should().StartWith("created issuer=");
        (await Server.NewBrowser().SignInAsync(new Person(row.Username, row.Subject))).Reply.Status
            .Should().Be(401, "there is no password");

        var again = Server.NewBrowser();
        await ComeAsync(again, company, id);
        (await WhoAsync(again)).Should().Be(row.Subject);
    }

    [Test, Case("UP-121")]
    public async Task An_address_links_nobody_to_anybody()
    {
        var (company, id) = await CompanyAsync(Create + ", trust_email = true");
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var address = $"{alice.Username}@example.test";
        await Server.ExecuteAsync("update users set email = @address, email_verified_at = now() where subject = @Subject",
            new { address, alice.Subject });
        company.Person = new JsonObject
        {
            ["email"] = address.ToUpperInvariant(),
            ["email_verified"] = true,
            ["preferred_username"] = alice.Username
        };

        (await ComeAsync(browser, company, id)).Status.Should().Be(303);

        var row = await RowAsync(browser);
        row.Subject.Should().NotBe(alice.Subject);
        (row.Username, row.Verified).Should().Be(($"{alice.Username}-2", false), "two people never share a verified address");
        (await Server.ScalarAsync<long>("select count(*) from identities where subject = @Subject", alice)).Should().Be(0);
    }

    [Test, Case("UP-123")]
    public async Task The_name_of_an_administrator_is_not_given_to_anybody_else()
    {
        var (company, id) = await CompanyAsync(Create);
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        company.Person = new JsonObject { ["preferred_username"] = olivia.Username.ToUpperInvariant() };

        await ComeAsync(browser, company, id);

        var row = await RowAsync(browser);
        (row.Username, row.Role).Should().Be(($"{olivia.Username}-2", "user"));
        row.Subject.Should().NotBe(olivia.Subject);
    }

    [TestCase("Ünï Cödé", "n-c-d-"), TestCase("@@..-+lead", "lead"), TestCase("ALICE@Example.COM", "alice@example.com"),
        TestCase("ﬁｎｅ", "fine"), TestCase("a b\tc/d\\e", "a-b-c-d-e"), TestCase("إدارة", ""), TestCase("", ""), TestCase("K\u212A", "kk")]
    public async Task A_user_name_is_what_is_left_of_a_text(string text, string expected) =>
        (await Server.ScalarAsync<string>("select username_of(@text)", new { text })).Should().Be(expected);

    [Test]
    public async Task Whose_name_leaves_nothing_is_a_person_and_long_ones_are_cut()
    {
        var (company, id) = await CompanyAsync(Create);
        var (first, second) = (Server.NewBrowser(), Server.NewBrowser());
        company.Person = new JsonObject { ["preferred_username"] = "إدارة" };
        await ComeAsync(first, company, id);
        (await RowAsync(first)).Username.Should().MatchRegex("^person(-[0-9]+)?$");

        var name = new string('x', 300);
        await Server.ExecuteAsync("insert into users (username) values (@name) on conflict do nothing", new { name = name[..128] });
        (company.Sub, company.Person) = ("another", new JsonObject { ["preferred_username"] = name });
        await ComeAsync(second, company, id);
        (await RowAsync(second)).Username.Should().Be(name[..125] + "-2");
    }

    [Test]
    public async Task The_same_new_person_twice_at_once_is_made_once()
    {
        var (company, id) = await CompanyAsync(Create);
        company.Person = new JsonObject { ["preferred_username"] = Unique("twice") };
        var browsers = Enumerable.Range(0, 8).Select(_ => Server.NewBrowser()).ToArray();
        var ways = new List<string>();
        foreach (var browser in browsers) ways.Add(company.SignIn(await StartAsync(browser, id)));

        var replies = await Task.WhenAll(browsers.Select((browser, place) => browser.GetAsync(ways[place])));

        replies.Should().OnlyContain(reply => reply.Status == 303);
        (await Task.WhenAll(browsers.Select(WhoAsync))).Distinct().Should().ContainSingle();
        (await Server.ScalarAsync<long>("select count(*) from users where managed_by = @id", new { id })).Should().Be(1);
    }

    [Test, Case("UP-126")]
    public async Task A_claim_that_is_missing_of_another_type_or_somewhere_else_lets_nobody_in()
    {
        var (company, id) = await CompanyAsync("""provisioning = 'create', allowed_claims = '{"groups": ["staff"]}'""");
        JsonObject[] lies =
        [
            [],
            new() { ["groups"] = new JsonObject { ["groups"] = "staff" } },
            new() { ["groups"] = new JsonArray("staff-x") },
            new() { ["groups"] = new JsonArray(new JsonArray("staff")) },
            new() { ["groups"] = new JsonArray("staff", 7) },
            new() { ["groups"] = true },
            new() { ["Groups"] = "staff" },
            new() { ["_claim_names"] = new JsonObject { ["groups"] = "src1" }, ["groups"] = "staff" },
        ];
        foreach (var lie in lies)
        {
            company.Person = lie;
            var browser = Server.NewBrowser();
            await RefusedAsync(browser, await ComeAsync(browser, company, id), 403,
                "account may not sign in here. Ask your administrator.", "groups");
        }

        (await Server.ScalarAsync<long>("select count(*) from users where managed_by = @id", new { id })).Should().Be(0);
        foreach (var truth in new JsonNode[] { "staff", new JsonArray("other", "staff") })
        {
            company.Person = new JsonObject { ["groups"] = truth, ["preferred_username"] = Unique("ada") };
            (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        }
    }

    [Test, Case("UP-127")]
    public async Task Hd_sent_is_no_check_and_an_address_is_no_domain()
    {
        var (company, id) = await CompanyAsync(
            """provisioning = 'create', allowed_claims = '{"hd": ["example.com"]}', extra_params = '{"hd": "example.com"}'""");
        var browser = Server.NewBrowser();
        company.Person = new JsonObject { ["email"] = "x@example.com", ["email_verified"] = true };

        var reply = await ComeAsync(browser, company, id);

        company.LastAsked["hd"].Should().Be("example.com");
        await RefusedAsync(browser, reply, 403, "may not sign in here", "hd is missing");
    }

    [Test, Case("UP-120")]
    public async Task Only_the_JSON_true_verifies_an_address()
    {
        var (company, id) = await CompanyAsync(Create + ", trust_email = true");
        foreach (var (word, verified) in new (JsonNode? Word, bool Verified)[]
            { ("true", false), ("false", false), (1, false), (new JsonArray(true), false), (null, false), (false, false), (true, true) })
        {
            company.Sub = $"ext-{Guid.NewGuid():N}";
            company.Person = new JsonObject { ["email"] = $"{Unique("a")}@up.example", ["email_verified"] = word?.DeepClone() };
            var browser = Server.NewBrowser();

            (await ComeAsync(browser, company, id)).Status.Should().Be(303);

            (await RowAsync(browser)).Verified.Should().Be(verified, $"{word}");
        }
    }

    [Test, Rfc(8725, "2.8")]
    public async Task Address_and_verification_are_of_one_document()
    {
        var (company, id) = await CompanyAsync(Create + ", trust_email = true");
        company.Person = new JsonObject { ["email"] = $"{Unique("a")}@up.example", ["preferred_username"] = Unique("a") };
        company.UserInfo = new JsonObject
        {
            ["sub"] = company.Sub,
            ["email"] = "another@up.example",
            ["email_verified"] = true,
            ["name"] = "Ada"
        };
        var browser = Server.NewBrowser();

        await ComeAsync(browser, company, id);

        var row = await RowAsync(browser);
        (row.Email, row.Verified, row.Name).Should().Be((company.Person["email"]!.ToString(), false, "Ada"));
    }

    [Test]
    public async Task What_the_company_manages_is_refreshed_and_nothing_else()
    {
        var (company, id) = await CompanyAsync(Create + """, claim_map = '{"groups": "teams"}'""");
        company.Person = new JsonObject { ["preferred_username"] = Unique("ada"), ["name"] = "Ada", ["teams"] = new JsonArray("a") };
        var browser = Server.NewBrowser();
        await ComeAsync(browser, company, id);
        company.Person["name"] = "Ada King";
        company.Person["teams"] = new JsonArray("b", "c");
        await ComeAsync(browser, company, id, await browser.FollowAsync("/login?switch=1"));

        var row = await RowAsync(browser);
        (row.Name, row.Groups).Should().BeEquivalentTo(("Ada King", new[] { "b", "c" }));

        var (alice, hers) = (await Server.UserAsync(), Server.NewBrowser());
        company.Sub = "alice-there";
        await LinkAsync(company, alice);
        await ComeAsync(hers, company, id);
        (await RowAsync(hers)).Name.Should().BeNull("nobody manages a local person");
    }

    [Test]
    public async Task Roles_go_both_ways_for_whom_they_are_from_and_null_leaves_them()
    {
        var (company, id) = await CompanyAsync(Create + """, role_map = '{"groups": {"idp-admins": "admin"}}'""");
        company.Person = new JsonObject { ["preferred_username"] = Unique("ada"), ["groups"] = new JsonArray("idp-admins") };
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());

        (await RoleAfterAsync()).Should().Be("admin");
        company.Person["groups"] = new JsonArray("others");
        (await RoleAfterAsync()).Should().Be("user");
        company.Person.Remove("groups");
        await Server.ExecuteAsync("update users set role = 'admin' where managed_by = @id", new { id });
        (await RoleAfterAsync()).Should().Be("user", "no group is no admin");
        await Server.ExecuteAsync("update users set role = 'admin' where managed_by = @id", new { id });
        await Server.ExecuteAsync("update identity_providers set role_map = null where id = @id", new { id });
        await HeardAsync(id);
        (await RoleAfterAsync()).Should().Be("admin");

        company.Sub = "alice-there";
        company.Person["groups"] = new JsonArray("idp-admins");
        await LinkAsync(company, alice);
        await Server.ExecuteAsync("""update identity_providers set role_map = '{"groups": {"idp-admins": "admin"}}' where id = @id""",
            new { id });
        await HeardAsync(id);
        (await RoleAfterAsync()).Should().Be("user", "her role is not from there");

        async Task<string> RoleAfterAsync()
        {
            browser = Server.NewBrowser();
            (await ComeAsync(browser, company, id)).Status.Should().Be(303);
            return (await RowAsync(browser)).Role;
        }
    }

    [Test]
    public async Task Trusted_amr_is_passed_on_and_its_mfa_counts()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        company.Person["amr"] = new JsonArray("pwd", "mfa");

        (await SessionAsync()).Should().Be("aal1 ");
        await Server.ExecuteAsync("update identity_providers set trust_amr = true where id = @id", new { id });
        await HeardAsync(id);
        (await SessionAsync()).Should().Be("aal2 pwd,mfa");

        async Task<string> SessionAsync()
        {
            var browser = Server.NewBrowser();
            await ComeAsync(browser, company, id);
            return await Server.ScalarAsync<string>(
                "select acr || ' ' || array_to_string(amr, ',') from sessions where subject = @subject order by last_seen_at desc limit 1",
                new { subject = await WhoAsync(browser) });
        }
    }

    [Test]
    public async Task Hostile_claims_are_as_none()
    {
        var (company, id) = await CompanyAsync(Create);
        company.Person = new JsonObject
        {
            ["preferred_username"] = Unique("ada"),
            ["name"] = "\u202Eevil\0",
            ["email"] = "no address",
            ["locale"] = "'; drop table users",
            ["given_name"] = new JsonObject(),
            ["family_name"] = new string('x', 5000)
        };
        var browser = Server.NewBrowser();

        var reply = await ComeAsync(browser, company, id);

        reply.Status.Should().Be(303, reply.ToString());
        var row = await RowAsync(browser);
        (row.Name, row.Email, row.Locale).Should().Be(("evil", null, null));
    }

    [Test]
    public async Task What_no_row_may_hold_keeps_nobody_out()
    {
        var (company, id) = await CompanyAsync(Create);
        await Server.ExecuteAsync("""
            create function refuse_name() returns trigger language plpgsql as $$ begin
                if new.name = 'Refuse me' then raise check_violation using message = 'Not this one'; end if;
                return new;
            end $$;
            create trigger refuse_name before insert or update on users for each row execute function refuse_name();
            """);
        company.Person = new JsonObject { ["preferred_username"] = Unique("ada"), ["name"] = "Refuse me" };

        foreach (var browser in new[] { Server.NewBrowser(), Server.NewBrowser() })
        {
            (await ComeAsync(browser, company, id)).Status.Should().Be(303, "made, then brought up to date");
            (await RowAsync(browser)).Name.Should().BeNull();
        }
    }

    [Test]
    public async Task A_disabled_person_is_nobody_here()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);

        await RefusedAsync(browser, await ComeAsync(browser, company, id), 403, "No account here belongs to that sign-in.", "disabled");
    }
}
