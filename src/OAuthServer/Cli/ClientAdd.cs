using System.CommandLine;
using OAuthServer.Clients;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Cli;

/// <summary>clients add: one row, and for a confidential client its first secret, shown once.</summary>
internal static class ClientAdd
{
    public static CliCommand Make()
    {
        var id = ClientCommands.Id();
        var kind =
            new Option<string>("--kind")
            {
                Required = true,
                Description = "machine (client_credentials), user-facing (signs people in) or resource-server (introspects)"
            }
            .From("machine", "user-facing", "resource-server");
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "Shown on the consent page; default: the id" };
        var redirects = Many("--redirect-uri", "URI", "Where a user-facing client receives its codes; may be repeated");
        var scopes = Many("--scope", "SCOPE", "What it may be granted; may be repeated");
        var defaults = Many("--default-scope", "SCOPE", "Granted when it requests no scope; default: all its scopes");
        var resources = Many("--resource", "URI", "What its tokens may be for; may be repeated");
        var resource =
            new Option<string?>("--default-resource")
            {
                HelpName = "URI",
                Description = "Used when it names no resource; default: the only --resource"
            };
        var grants = Many("--grant-type", "GRANT", "Default: all grant types of its kind");
        var method =
            new Option<string?>("--auth-method") { Description = "Default: none for user-facing, client_secret_basic for the others" }
            .From([.. AuthMethod.All.Select(one => one.Name)]);
        var keys = new Option<string?>("--jwks") { HelpName = "FILE", Description = "Its public keys, a JWK set; for private_key_jwt" };
        var place = new Option<string?>("--jwks-uri") { HelpName = "URL", Description = "Where its public keys are, in place of --jwks" };
        var alg = new Option<string?>("--assertion-alg")
        {
            Description = "The one algorithm of its assertions; default: any that fits its keys",
        }.From("ES256", "PS256", "RS256");
        var access = Seconds("--access-token-seconds", "Lifetime of an access token, at most 3600", 600);
        var refresh = Seconds("--refresh-token-seconds", "Lifetime of a grant, counted from consent", 2_592_000);
        var idle = Seconds("--refresh-idle-seconds", "Lifetime of an unused refresh token", 1_209_600);
        var signs = new Option<string>("--id-token-alg")
        {
            Description = "What signs its id_tokens",
            DefaultValueFactory = _ => "RS256",
        }.From([.. SigningAlgorithms.All]);
        var age = new Option<int?>("--default-max-age")
        {
            HelpName = "SECONDS",
            Description = "How old a sign-in may be when its request has no max_age; default: any age",
        };
        var pushed = new Option<bool>("--par-required")
        {
            Description = "It pushes every authorization request, and no other is taken",
        };
        var onward = Many("--post-logout", "URI", "Where people may be sent after they signed out; may be repeated");
        var told = new Option<string?>("--backchannel-logout")
        {
            HelpName = "URI",
            Description = "Its back-channel logout URI",
        };
        var bound = new Option<bool>("--dpop-required")
        {
            Description = "It gets tokens with a DPoP proof only (RFC 9449), bound to the key of the proof",
        };
        var label =
            new Option<string>("--secret-label")
            {
                HelpName = "TEXT",
                Description = "To tell secrets apart",
                DefaultValueFactory = _ =>
            "first"
            };
        var note = new Option<string?>("--note") { HelpName = "TEXT", Description = "For operators" };

        return CliCommand.On("add", "Add a client; its secret is generated, stored as a hash and shown once",
            "oauth-server clients add nightly-etl --kind machine --scope notes:read --resource http://localhost:9000/mcp",
            [
                id, kind, name, redirects, scopes, defaults, resources, resource, grants, method, keys, place, alg, bound, access, refresh,
                idle, signs, age, pushed, onward, told, label, note,
            ],
                async (parse, context, cancel) =>
            {
                var audiences = Each(parse, resources);
                if (ClientKeyCommands.Read(parse.GetValue(keys), out var jwks) is { } problem)
                    return context.Output.Refuse(problem, ClientKeyCommands.WhatToWrite);
                var client = new NewClient
                {
                    ClientId = parse.GetRequiredValue(id),
                    Kind = parse.GetRequiredValue(kind),
                    Name = parse.GetValue(name) ?? parse.GetRequiredValue(id),
                    RedirectUris = Each(parse, redirects),
                    Scopes = Each(parse, scopes),
                    DefaultScopes = Each(parse, defaults),
                    Resources = audiences,
                    DefaultResource = parse.GetValue(resource) ?? (audiences is [var only] ? only : null),
                    GrantTypes = Each(parse, grants) is { Length: > 0 } named ? named : null,
                    AuthMethod = parse.GetValue(method),
                    AccessTokenSeconds = parse.GetValue(access),
                    RefreshTokenSeconds = parse.GetValue(refresh),
                    RefreshIdleSeconds = parse.GetValue(idle),
                    Note = parse.GetValue(note),
                    DpopRequired = parse.GetValue(bound),
                    IdTokenAlg = parse.GetValue(signs)!,
                    DefaultMaxAge = parse.GetValue(age),
                    ParRequired = parse.GetValue(pushed),
                    PostLogoutRedirectUris = Each(parse, onward),
                    BackchannelLogoutUri = parse.GetValue(told),
                    Jwks = jwks,
                    JwksUri = parse.GetValue(place),
                    AssertionAlg = parse.GetValue(alg),
                };
                return !HasSecret(client) && parse.GetResult(label) is { Implicit: false }
                    ? context.Output.Refuse("A client of this method has no secret to label",
                        "Choose --auth-method client_secret_basic, or leave --secret-label out")
                    : await AddAsync(context, client, parse.GetValue(label)!, cancel);
            });
    }

    private static bool HasSecret(NewClient client) =>
        AuthMethod.All.First(one => one.Name == (client.AuthMethod ?? Capabilities.BuiltIn.DefaultAuthMethod(client.Kind))).NeedsSecret;

    private static async Task<int> AddAsync(CommandContext context, NewClient client, string label, CancellationToken cancel)
    {
        var secret = HasSecret(client) ? SecretHash.NewSecret() : null;
        var stored = secret is null ? null
            : new NewSecret
            {
                ClientId = client.ClientId,
                Hash = context.Hash(secret),
                Label = label,
                NotBefore = context.Now,
                ExpiresAt = null
            };
        if (!await context.Clients.AddAsync(client, stored, CommandContext.Actor, cancel))
            return context.Output.Refuse($"A client {client.ClientId} already exists", $"See: oauth-server clients show {client.ClientId}");

        var curl = secret is null ? null
            : CurlLine.Of(context.Settings, client.Kind, client.AuthMethod, client.GrantTypes, client.ClientId, secret);
        return context.Output.Done(new { client_id = client.ClientId, client_secret = secret, curl },
            client.AuthMethod == AuthMethod.PrivateKeyJwtName
                ? $"{client.ClientId} is added. It has no secret: it proves itself by assertions that its key signs."
            : client.AuthMethod == AuthMethod.Federated.Name
                ? $"{client.ClientId} is added. It has no secret: what it runs on vouches for it."
            : secret is null
                ? $"{client.ClientId} is added. It is public: it has no secret, and PKCE protects its codes."
                : $"{client.ClientId} is added. {SecretCommands.Once(secret, curl!)}");
    }

    private static Option<string[]> Many(string name, string value, string description) => new(
        name)
    { HelpName = value, Description = description };

    private static Option<int> Seconds(string name, string description, int usual) =>
        new(name) { HelpName = "SECONDS", Description = description, DefaultValueFactory = _ => usual };

    private static Option<T> From<T>(this Option<T> option, params string[] values) { option.AcceptOnlyFromAmong(values); return option; }

    // "a b" is two, as scopes are written on the wire; URIs have no spaces.
    private static string[] Each(ParseResult parse, Option<string[]> option) =>
        [.. (parse.GetValue(option) ?? []).SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}
