using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>clients edit and vouch: the settings of an operator's client, and how another one becomes an operator's.</summary>
internal static class ClientEdit
{
    public static CliCommand Make()
    {
        var id = ClientCommands.Id();
        var name = Text("--name", "NAME", "Shown on the consent page");
        var redirects = ListChange.Of("redirect-uri", "URI", "where it receives its codes");
        var scopes = ListChange.Of("scope", "SCOPE", "what it may be granted");
        var defaults = ListChange.Of("default-scope", "SCOPE", "granted when it requests no scope");
        var resources = ListChange.Of("resource", "URI", "what its tokens may be for");
        var grants = ListChange.Of("grant-type", "GRANT", "how it may get tokens");
        var resource = Text("--default-resource", "URI", "Used when it names no resource; '' for none");
        var method = Text("--auth-method", "METHOD", "How it authenticates");
        method.AcceptOnlyFromAmong([.. AuthMethod.All.Select(one => one.Name)]);
        var keys = Text("--jwks", "FILE", "Its public keys, a JWK set, in place of all it has; '' for none");
        var place = Text("--jwks-uri", "URL", "Where its public keys are; '' for none");
        var alg = Text("--assertion-alg", "ALG", "The one algorithm of its assertions; '' for any that fits its keys");
        alg.AcceptOnlyFromAmong("ES256", "PS256", "RS256", "");
        var bound = new Option<bool?>("--dpop-required")
        {
            HelpName = "BOOL",
            Description = "true: it gets tokens with a DPoP proof only (RFC 9449), bound to the key of the proof",
        };
        var access = Seconds("--access-token-seconds", "Lifetime of an access token, at most 3600");
        var refresh = Seconds("--refresh-token-seconds", "Lifetime of a grant, counted from consent");
        var idle = Seconds("--refresh-idle-seconds", "Lifetime of an unused refresh token");
        var signs = Text("--id-token-alg", "ALG", "What signs its id_tokens");
        signs.AcceptOnlyFromAmong([.. SigningAlgorithms.All]);
        var age = Seconds("--default-max-age", "How old a sign-in may be when its request has no max_age; -1 for any age");
        var acr = Text("--min-acr", "ACR", "aal2: people sign in to it with a second factor only; '' for any sign-in");
        acr.AcceptOnlyFromAmong("aal2", "aal1", "");
        var pushed = new Option<bool?>("--par-required")
        {
            HelpName = "BOOL",
            Description = "true: it pushes every authorization request, and no other is taken",
        };
        var onward = ListChange.Of("post-logout", "URI", "where people may be sent after they signed out");
        var told = Text("--backchannel-logout", "URI", "Its back-channel logout URI; '' for none");
        var note = Text("--note", "TEXT", "For operators; '' for none");
        Symbol[] takes =
        [
            id, name, .. redirects.Options, .. scopes.Options, .. defaults.Options, .. resources.Options, .. grants.Options, resource,
            method, keys, place, alg, bound, access, refresh, idle, signs, age, acr, pushed, .. onward.Options, told, note,
        ];
        return CliCommand.On("edit", "Change the settings of a client; what is not named stays",
            "oauth-server clients edit nightly-etl --add-scope notes:write --access-token-seconds 300", takes,
            (parse, context, cancel) =>
            {
                if (ClientKeyCommands.Read(parse.GetValue(keys) is { Length: > 0 } file ? file : null, out var jwks) is { } problem)
                    return Task.FromResult(context.Output.Refuse(problem, ClientKeyCommands.WhatToWrite));
                return SaveAsync(context, parse.GetRequiredValue(id), row => row with
                {
                    Jwks = parse.GetValue(keys) switch { null => row.Jwks, "" => null, _ => jwks },
                    JwksUri = parse.GetValue(place) switch { null => row.JwksUri, "" => null, var url => url },
                    AssertionAlg = parse.GetValue(alg) switch { null => row.AssertionAlg, "" => null, var named => named },
                    Name = parse.GetValue(name)?.Trim() ?? row.Name,
                    RedirectUris = redirects.Of(parse, row.RedirectUris),
                    Scopes = scopes.Of(parse, row.Scopes),
                    DefaultScopes = defaults.Of(parse, row.DefaultScopes),
                    Resources = resources.Of(parse, row.Resources),
                    GrantTypes = grants.Of(parse, row.GrantTypes),
                    DefaultResource = parse.GetValue(resource) switch { null => row.DefaultResource, "" => null, var uri => uri },
                    AuthMethod = parse.GetValue(method) ?? row.AuthMethod,
                    DpopRequired = parse.GetValue(bound) ?? row.DpopRequired,
                    AccessTokenSeconds = parse.GetValue(access) ?? row.AccessTokenSeconds,
                    RefreshTokenSeconds = parse.GetValue(refresh) ?? row.RefreshTokenSeconds,
                    RefreshIdleSeconds = parse.GetValue(idle) ?? row.RefreshIdleSeconds,
                    IdTokenAlg = parse.GetValue(signs) ?? row.IdTokenAlg,
                    DefaultMaxAge = parse.GetValue(age) switch { null => row.DefaultMaxAge, -1 => null, var seconds => seconds },
                    MinAcr = parse.GetValue(acr) switch { null => row.MinAcr, "" => null, var level => level },
                    ParRequired = parse.GetValue(pushed) ?? row.ParRequired,
                    PostLogoutRedirectUris = onward.Of(parse, row.PostLogoutRedirectUris),
                    BackchannelLogoutUri = parse.GetValue(told) switch { null => row.BackchannelLogoutUri, "" => null, var uri => uri },
                    Note = parse.GetValue(note) switch { null => row.Note, "" => null, var text => text },
                }, cancel);
            });
    }

    public static CliCommand Vouch()
    {
        var (argument, yes) = (ClientCommands.Id(), Affected.Yes());
        return CliCommand.On("vouch", "Make a client that registered itself, or has a document, an operator's, which clients edit changes",
            "oauth-server clients vouch 4f0c2ba4", [argument, yes], async (parse, context, cancel) =>
        {
            var client = parse.GetRequiredValue(argument);
            if (await context.ClientQueries.FindAsync(client, cancel) is not { } shown) return ClientCommands.Unknown(context, client);
            if (shown.Origin != "operator" && Affected.Refusal(context, parse.GetValue(yes), $"Vouch for {client}",
                $"It is named {shown.Name}; codes go to {string.Join(' ', shown.RedirectUris)}") is { } refusal) return refusal;
            var (author, _) = context.Act();
            var changed = await context.Clients.VouchAsync(client, shown.Version, author, cancel);
            if (!changed && shown.Origin != "operator")
                return context.Output.Refuse($"{client} changed meanwhile, and is not vouched for", "Look at it, and run this again.");
            var id = changed ? author.RequestId : null;
            return context.Output.Done(new { client_id = client, origin = "operator", changed, request_id = id },
                changed ? $"{client} is an operator's client now: it cannot change or remove itself, and is never removed for lack of use. "
                    + $"Widen it: oauth-server clients edit {ShellText.Quote(client)} --add-scope SCOPE"
                : $"{client} is an operator's client already.");
        });
    }

    private static async Task<int> SaveAsync(CommandContext context, string id, Func<ClientForm, ClientForm> change,
        CancellationToken cancel)
    {
        if (await context.ClientQueries.FindAsync(id, cancel) is not { } before) return ClientCommands.Unknown(context, id);
        if (before.Origin != "operator")
            return context.Output.Refuse($"{id} is no operator's client: its settings are its own",
                $"Vouch for it first: oauth-server clients vouch {ShellText.Quote(id)}");
        var (author, _) = context.Act();
        var edit = new RowEdit<ClientForm> { Row = change(before), Restore = (row, column) => row.Restored(before, column) };
        return await Texts.EditedAsync(context, id, await context.Clients.SaveAsync(edit, author, cancel), author, cancel);
    }

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    private static Option<int?> Seconds(string name, string description) =>
        new(name) { HelpName = "SECONDS", Description = description };
}

/// <summary>A list that is replaced, added to, or taken from.</summary>
internal sealed class ListChange
{
    private readonly Option<string[]> all;
    private readonly Option<string[]> added;
    private readonly Option<string[]> removed;

    private ListChange(string name, string value, string description)
    {
        all = new($"--{name}") { HelpName = value, Description = $"All of {description}; may be repeated; '' for none" };
        added = new($"--add-{name}") { HelpName = value, Description = "One more; may be repeated" };
        removed = new($"--remove-{name}") { HelpName = value, Description = "One less; may be repeated" };
    }

    public Symbol[] Options => [all, added, removed];

    public static ListChange Of(string name, string value, string description) => new(name, value, description);

    /// <summary>The list as it becomes; what stays keeps its place.</summary>
    public string[] Of(ParseResult parse, string[] before)
    {
        var start = parse.GetValue(all) is { Length: > 0 } whole ? whole.Where(one => one.Length > 0) : before;
        return [.. start.Union(parse.GetValue(added) ?? []).Except(parse.GetValue(removed) ?? [])];
    }
}
