using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>What an administrator sees, and what everybody else does in its place.</summary>
public static class AdminPageTour
{
    public static IReadOnlyList<PageCase> Cases { get; } =
    [
        At("dashboard", Paths.Admin),
        At("machine clients", Paths.AdminMachines),
        At("user-facing clients", Paths.AdminApps),
        At("user-facing clients, none found", Paths.AdminApps, "?q=nobody-is-called-so"),
        At("machine clients, beyond the last page", Paths.AdminMachines, "?after=~~~"),
        At("resource servers", Paths.AdminResourceServers),
        new("client with keys at a URL", PageViewer.Olivia, Paths.AdminClient, async one =>
        {
            var id = $"keys-{Guid.NewGuid():N}";
            await one.PageFixture.Server.ExecuteAsync(
                """
                insert into clients (client_id, kind, name, grant_types, auth_method, jwks_uri, scopes, resources, default_resource)
                values (@id, 'machine', @Words, '{client_credentials}', 'private_key_jwt', 'https://keys.example/jwks', '{notes:read}',
                        array[@Notes], @Notes)
                """, new { id, one.PageFixture.Words, Cast.Notes });
            await ClientAsync(one, id);
        }),
        new("trust", PageViewer.Olivia, Paths.AdminTrust, one => TrustAsync(one, Paths.AdminTrust)),
        At("add an issuer", Paths.AdminTrustIssuer),
        new("add an issuer, wrongly", PageViewer.Olivia, Paths.AdminTrustIssuer, async one =>
        {
            await one.OpenAsync(Paths.AdminTrustIssuer);
            await one.TypeAsync("main [name=issuer]", "nobody");
            await one.TypeAsync("main [name=name]", "Nobody");
            await one.TypeAsync("main [name=algs]", "none");
            await one.PressAsync("main button.primary");
        }, 400),
        new("an issuer", PageViewer.Olivia, Paths.AdminTrustIssuer, one =>
            TrustAsync(one, $"{Paths.AdminTrustIssuer}?issuer=https%3A%2F%2Fwalk.example")),
        new("an issuer, delete", PageViewer.Olivia, Paths.AdminTrustDelete, one =>
            TrustAsync(one, $"{Paths.AdminTrustDelete}?issuer=https%3A%2F%2Fwalk.example")),
        new("add a rule of workloads", PageViewer.Olivia, Paths.AdminTrustRule, one => TrustAsync(one, Paths.AdminTrustRule)),
        new("a rule of workloads", PageViewer.Olivia, Paths.AdminTrustRule, async one =>
        {
            await TrustAsync(one, Paths.AdminTrust);
            await one.PressAsync($"main a[href*='{Paths.AdminTrustRule}?rule=']");
        }),
        new("identities", PageViewer.Olivia, Paths.AdminTrustIdentities, one => TrustAsync(one, Paths.AdminTrustIdentities)),
        new("an identity, unlink", PageViewer.Olivia, Paths.AdminUserUnlink, async one =>
        {
            await TrustAsync(one, Paths.AdminTrustIdentities);
            await one.PressAsync($"main a[href*='{Paths.AdminUserUnlink}']");
        }),
        new("delegation", PageViewer.Olivia, Paths.AdminDelegation, one => ExchangeAsync(one)),
        At("add a rule of exchange", Paths.AdminDelegationRule),
        new("add a rule of exchange, wrongly", PageViewer.Olivia, Paths.AdminDelegationRule, async one =>
        {
            await one.OpenAsync(Paths.AdminDelegationRule);
            await one.TypeAsync("main [name=actor]", "nobody");
            await one.PressAsync("main button.primary");
        }, 400),
        new("a rule of exchange", PageViewer.Olivia, Paths.AdminDelegationRule, one =>
            ExchangeAsync(one, $"main a[href*='{Paths.AdminDelegationRule}?rule=']")),
        new("a rule of exchange, disable", PageViewer.Olivia, Paths.AdminDelegationState, one =>
            ExchangeAsync(one, $"main a[href*='{Paths.AdminDelegationState}']")),
        At("add a machine client", Paths.AdminClientNew, "?kind=machine"),
        At("add a user-facing client", Paths.AdminClientNew, "?kind=user-facing"),
        At("add a resource server", Paths.AdminClientNew, "?kind=resource-server"),
        new("add a client, wrongly", PageViewer.Olivia, Paths.AdminClientNew, async one =>
        {
            await one.OpenAsync($"{Paths.AdminClientNew}?kind=user-facing");
            await one.TypeAsync("main [name=client_id]", "another app");
            await one.TypeAsync("main [name=name]", "Another app");
            await one.TypeAsync("main [name=redirect_uris]", "http://everybody.example/*");
            await one.PressAsync("main button.primary");
        }, 400),
        new("machine client", PageViewer.Olivia, Paths.AdminClient, one => ClientAsync(one, one.PageFixture.Machine.Id)),
        new("user-facing client", PageViewer.Olivia, Paths.AdminClient, one => ClientAsync(one, one.PageFixture.App.Id)),
        new("client that registered itself", PageViewer.Olivia, Paths.AdminClient, one => ClientAsync(one, one.PageFixture.Stranger.Id)),
        new("client known by its document", PageViewer.Olivia, Paths.AdminClient, one => ClientAsync(one, one.PageFixture.Document.Id)),
        new("client that is disabled", PageViewer.Olivia, Paths.AdminClient, one => ClientAsync(one, one.PageFixture.Idle.Id)),
        new("client, edited wrongly", PageViewer.Olivia, Paths.AdminClient, async one =>
        {
            await ClientAsync(one, one.PageFixture.App.Id);
            await one.TypeAsync("main [name=redirect_uris]", "http://everybody.example/*");
            await one.TypeAsync("main [name=access_token_seconds]", "86400");
            await one.TypeAsync("main [name=refresh_idle_seconds]", "a week");
            await one.PressAsync("main button.primary");
        }, 400),
        new("client, with two secrets", PageViewer.Olivia, Paths.AdminClient, async one =>
        {
            var id = (await one.PageFixture.Server.MachineAsync()).Id;
            await one.PageFixture.Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@id, @hash)",
                new { id, hash = Cast.SecretHashed });
            await ClientAsync(one, id);
        }),
        new("client, edited by two", PageViewer.Olivia, Paths.AdminClient, async one =>
        {
            var id = (await one.PageFixture.Server.MachineAsync()).Id;
            await ClientAsync(one, id);
            await one.PageFixture.Server.ExecuteAsync("update clients set name = @Words, note = @Words where client_id = @id",
                new { id, one.PageFixture.Words });
            await one.TypeAsync("main [name=note]", "Typed here");
            await one.PressAsync("main button.primary");
        }, 409),
        new("client, disable", PageViewer.Olivia, Paths.AdminClientDisable, one =>
            ClientAsync(one, one.PageFixture.App.Id, $"main a[href*='{Paths.AdminClientDisable}']")),
        new("client, delete", PageViewer.Olivia, Paths.AdminClientDelete, one =>
            ClientAsync(one, one.PageFixture.Stranger.Id, $"main a[href*='{Paths.AdminClientDelete}']")),
        new("client, new secret", PageViewer.Olivia, Paths.AdminClientSecrets, async one =>
            // One of its own: a client has two secrets at most.
            await ClientAsync(one, (await one.PageFixture.Server.MachineAsync()).Id, $"form[action$='{Paths.AdminClientSecrets}'] button")),
        new("client, revoke a secret", PageViewer.Olivia, Paths.AdminClientSecretRevoke, one =>
            ClientAsync(one, one.PageFixture.Machine.Id, $"main a[href*='{Paths.AdminClientSecretRevoke}']")),
        new("client, vouch for it", PageViewer.Olivia, Paths.AdminClientVouch, one =>
            ClientAsync(one, one.PageFixture.Stranger.Id, $"main a[href*='{Paths.AdminClientVouch}']")),
        new("clients, disable several", PageViewer.Olivia, Paths.AdminClientsState, async one =>
        {
            await one.OpenAsync(Paths.AdminMachines);
            await PickAsync(one, "disable");
        }),
        new("grants", PageViewer.Olivia, Paths.AdminGrants, async one =>
        {
            await one.ConnectAsync("notes:read");
            await one.OpenAsync(Paths.AdminGrants);
        }),
        At("grants, none found", Paths.AdminGrants, "?client=nobody-is-called-so"),
        new("grants, searched for nobody", PageViewer.Olivia, Paths.AdminGrants, one =>
            one.OpenAsync($"{Paths.AdminGrants}?person=nobody-is-called-so"), 400),
        new("grants, revoke several", PageViewer.Olivia, Paths.AdminGrantsRevoke, async one =>
        {
            await one.ConnectAsync("notes:read");
            await one.OpenAsync(Paths.AdminGrants);
            await PickAsync(one, "selected");
        }),
        At("resources and scopes", Paths.AdminResources),
        From("resource", Paths.AdminResources, Paths.AdminResource, "?uri="),
        At("add a resource", Paths.AdminResource),
        new("add a resource, wrongly", PageViewer.Olivia, Paths.AdminResource, async one =>
        {
            await one.OpenAsync(Paths.AdminResource);
            await one.TypeAsync("main [name=uri]", "nowhere");
            await one.TypeAsync("main [name=name]", "Nowhere");
            await one.PressAsync("main button.primary");
        }, 400),
        new("resource, edited by two", PageViewer.Olivia, Paths.AdminResource, async one =>
        {
            var uri = $"https://{Guid.NewGuid():N}.example/";
            await one.PageFixture.Server.ExecuteAsync("insert into resources (uri, name) values (@uri, @Words)",
                new { uri, one.PageFixture.Words });
            await one.OpenAsync($"{Paths.AdminResource}?uri={Uri.EscapeDataString(uri)}");
            await one.PageFixture.Server.ExecuteAsync("insert into resource_texts (uri, locale, name) values (@uri, 'ar', @Words)",
                new { uri, one.PageFixture.Words });
            await one.PressAsync("main button.primary");
        }, 409),
        new("resource, disable", PageViewer.Olivia, Paths.AdminResourceState, async one =>
        {
            await one.OpenAsync(Paths.AdminResources);
            await one.PressAsync($"main a[href*='{Paths.AdminResource}?uri=']");
            await one.PressAsync($"main a[href*='{Paths.AdminResourceState}']");
        }),
        From("scope", Paths.AdminResources, Paths.AdminScope, "?name=notes"),
        At("add a scope", Paths.AdminScope),
        new("scope, edited by two", PageViewer.Olivia, Paths.AdminScope, async one =>
        {
            var name = await ScopeAsync(one);
            await one.OpenAsync($"{Paths.AdminScope}?name={name}");
            await WordAsync(one, name);
            await one.PressAsync("main button.primary");
        }, 409),
        new("scope, edited while it is deleted", PageViewer.Olivia, Paths.AdminScopeDelete, async one =>
        {
            var name = await ScopeAsync(one);
            await one.OpenAsync($"{Paths.AdminScopeDelete}?name={name}");
            await WordAsync(one, name);
            await one.PressAsync("main button.danger");
        }, 409),
        new("scope, delete", PageViewer.Olivia, Paths.AdminScopeDelete, async one =>
        {
            await one.OpenAsync(Paths.AdminResources);
            await one.PressAsync($"main a[href*='{Paths.AdminScope}?name=notes']");
            await one.PressAsync($"main a[href*='{Paths.AdminScopeDelete}']");
        }),
        At("people", Paths.AdminUsers),
        new("people, disable several", PageViewer.Olivia, Paths.AdminUsersState, async one =>
        {
            await one.OpenAsync(Paths.AdminUsers);
            await PickAsync(one, "disable");
        }),
        At("add a person", Paths.AdminUsersAdd),
        new("add a person, wrongly", PageViewer.Olivia, Paths.AdminUsersAdd, async one =>
        {
            await one.OpenAsync(Paths.AdminUsersAdd);
            await one.TypeAsync("main [name=username]", "Two Words");
            await one.PressAsync("main button.primary");
        }, 400),
        new("add a person, with a password shown once", PageViewer.Olivia, Paths.AdminUsersAdd, async one =>
        {
            await one.OpenAsync(Paths.AdminUsersAdd);
            await one.TypeAsync("main [name=username]", $"bob-{Guid.NewGuid():N}");
            await one.PressAsync("main button.primary");
        }),
        new("a change, long after the sign-in", PageViewer.Oscar, Paths.AdminUsersAdd, BeAskedAsync, 401),
        new("a change, long after the sign-in, with a wrong password", PageViewer.Oscar, Paths.AdminUsersAdd, async one =>
        {
            await BeAskedAsync(one);
            await one.TypeAsync($"main [name={ConfirmPage.Password}]", "not the password");
            await one.PressAsync("main button.primary");
        }, 401),
        At("invitations", Paths.AdminUsersInvite),
        new("invitation, made", PageViewer.Olivia, Paths.AdminUsersInvite, async one =>
        {
            await one.OpenAsync(Paths.AdminUsersInvite);
            await one.TypeAsync("main [name=username]", $"ada-{Guid.NewGuid():N}");
            await one.PressAsync("main button.primary");
        }),
        new("a person", PageViewer.Olivia, Paths.AdminUser, SelfAsync),
        new("a person, edited by two", PageViewer.Olivia, Paths.AdminUserRole, async one =>
        {
            var bob = await one.PageFixture.Server.UserAsync("bob");
            await one.OpenAsync($"{Paths.AdminUserRole}?subject={bob.Subject}");
            await one.PageFixture.Server.ExecuteAsync("update users set enabled = false where subject = @Subject", bob);
            await one.PressAsync($"form[action$='{Paths.AdminUserRole}'] button");
        }, 409),
        new("a person, make an administrator", PageViewer.Olivia, Paths.AdminUserRole, async one =>
            await one.OpenAsync($"{Paths.AdminUserRole}?subject={(await one.PageFixture.Server.UserAsync("bob")).Subject}")),
        new("a person, disable", PageViewer.Olivia, Paths.AdminUserState, one => SelfAsync(one, Paths.AdminUserState)),
        new("a person, new password", PageViewer.Olivia, Paths.AdminUserPassword, one => SelfAsync(one, Paths.AdminUserPassword)),
        new("a person, end a grant", PageViewer.Olivia, Paths.AdminUserGrant, one => SelfAsync(one, Paths.AdminUserGrant)),
        new("a person, sign out everywhere", PageViewer.Olivia, Paths.AdminUserSessions, one => SelfAsync(one, Paths.AdminUserSessions)),
        At("keys", Paths.AdminKeys),
        From("key, take out", Paths.AdminKeys, Paths.AdminKeysRetire),
        At("audit", Paths.AdminAudit),
        new("audit, searched for nobody", PageViewer.Olivia, Paths.AdminAudit, one =>
            one.OpenAsync($"{Paths.AdminAudit}?person=nobody-is-called-so"), 400),
        new("why", PageViewer.Olivia, Paths.AdminWhy, async one =>
        {
            await one.OpenAsync($"{Paths.Authorize}?client_id={one.PageFixture.App.Id}&redirect_uri=http://attacker.example/");
            await one.OpenAsync($"{Paths.AdminAudit}?outcome=refused");
            await one.PressAsync($"main a[href*='{Paths.AdminWhy}']");
        }),
        At("why, nothing asked", Paths.AdminWhy),
        At("why, nothing found", Paths.AdminWhy, "?id=0000"),
        new("no such page of the administration", PageViewer.Olivia, Paths.Admin + "/nowhere", one =>
            one.OpenAsync(Paths.Admin + "/nowhere"), 404),
        new("the administration, for somebody else", PageViewer.Mallory, Paths.Admin, one => one.OpenAsync(Paths.Admin), 404),
    ];

    private static PageCase At(string name, string path, string query = "") => new(
        name, PageViewer.Olivia, path, one => one.OpenAsync(path + query));

    // Where a link of another page leads.
    private static PageCase From(string name, string page, string path, string query = "") => new(
        name, PageViewer.Olivia, path, async one =>
    {
        await one.OpenAsync(page);
        await one.PressAsync($"main a[href*='{path}{query}']");
    });

    private static async Task ClientAsync(BrowserSession one, string id, string? press = null)
    {
        await one.OpenAsync($"{Paths.AdminClient}?id={Uri.EscapeDataString(id)}");
        if (press is not null) await one.PressAsync(press);
    }

    // The first row of a list, and what is to be done to it.
    private static async Task PickAsync(BrowserSession one, string what)
    {
        await one.Page.Locator("main tbody input[type=checkbox]").First.CheckAsync();
        await one.PressAsync($"main button[value='{what}']");
    }

    // A scope of one's own, and somebody who changes what people read of it.
    private static async Task<string> ScopeAsync(BrowserSession one)
    {
        var name = $"walk:{Guid.NewGuid():N}";
        await one.PageFixture.Server.ExecuteAsync("insert into scopes (name, resource) values (@name, @Notes)", new { name, Cast.Notes });
        return name;
    }

    // An issuer with a rule, and an identity of hers there; once for all walks.
    private static async Task TrustAsync(BrowserSession one, string path)
    {
        var words = one.PageFixture.Words[..Math.Min(60, one.PageFixture.Words.Length)];
        await one.PageFixture.Server.ExecuteAsync(
            """
            insert into trusted_issuers (issuer, kind, name) values ('https://walk.example', 'workload', @words) on conflict do nothing;
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, resources, default_resource)
            values ('walk-workload', 'machine', @words, '{jwt-bearer}', 'federated', '{notes:read}', array[@Notes], @Notes)
            on conflict do nothing;
            insert into assertion_rules (issuer, client_id, claims) select 'https://walk.example', 'walk-workload', '{"sub": "walk:prod"}'
             where not exists (select from assertion_rules where issuer = 'https://walk.example');
            insert into identities (issuer, sub, subject) values ('https://walk.example', 'walker', @Subject) on conflict do nothing
            """, new { words, Cast.Notes, one.Person!.Subject });
        await one.OpenAsync(path);
    }

    // A rule of token exchange; once for all walks.
    private static async Task ExchangeAsync(BrowserSession one, string? press = null)
    {
        await one.PageFixture.Server.ExecuteAsync(
            """
            insert into exchange_rules (id, actor, from_resource, resource, scopes)
            select '00000000-0000-4000-8000-00000000fa1c', @Id, @Notes, @Notes, '{notes:read}'
            on conflict do nothing
            """, new { one.PageFixture.Machine.Id, Cast.Notes });
        await one.OpenAsync(Paths.AdminDelegation);
        if (press is not null) await one.PressAsync(press);
    }

    private static Task WordAsync(BrowserSession one, string scope) =>
        one.PageFixture.Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values (@scope, 'en', @Words)",
            new { scope, one.PageFixture.Words });

    private static async Task BeAskedAsync(BrowserSession one)
    {
        await one.OpenAsync(Paths.AdminUsersAdd);
        await one.TypeAsync("main [name=username]", "not-added-yet");
        await one.PressAsync("main button.primary");
    }

    // Olivia's own page, once she has let an app in.
    private static async Task SelfAsync(BrowserSession one)
    {
        await one.ConnectAsync("notes:read");
        await one.OpenAsync($"{Paths.AdminUser}?subject={one.Person!.Subject}");
    }

    private static async Task SelfAsync(BrowserSession one, string act)
    {
        await SelfAsync(one);
        await one.PressAsync($"main a[href*='{act}']");
    }
}
