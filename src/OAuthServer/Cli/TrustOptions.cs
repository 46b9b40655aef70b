using System.CommandLine;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Cli;

/// <summary>The columns of a trusted issuer as options.</summary>
internal sealed class IssuerOptions
{
    private readonly Option<string?> kind;
    private readonly Option<string?> name = RowOptions.Text("--name", "TEXT", "What people read; default: the issuer's host");
    private readonly Option<string?> jwks = RowOptions.Text("--jwks", "FILE", "Its public keys; default, or '': they are fetched");
    private readonly Option<string?> jwksUri =
        RowOptions.Text("--jwks-uri", "URL", "Where its keys are fetched; default, or '': as its discovery document says");
    private readonly Option<string?> audience =
        RowOptions.Text("--audience", "TEXT", "What aud must be, of a workload; default, or '': this server's issuer or token endpoint");
    private readonly Option<string[]?> algs =
        RowOptions.Several("--algs", "ALG", "The algorithms it signs with; default, or '': ES256 PS256 RS256");
    private readonly Option<int?> age = new("--max-age")
    {
        HelpName = "SECONDS",
        Description = "How old an assertion may be; default, or 0: 600 of people, 3600 of workloads",
    };
    private readonly Option<bool?> once = new("--single-use") { Description = "A workload's assertion works once, by its jti" };
    private readonly Option<string[]?> clients =
        RowOptions.Several("--clients", "CLIENT_ID", "The clients that may bring its assertions, of people");
    private readonly Option<bool?> create = new("--create-people")
    {
        Description = "Make people, as the sign-in provider of this issuer would",
    };
    private readonly Option<string[]?> mustName =
        RowOptions.Several("--must-name", "CLAIM", "Claims that each of its rules gives exact values");
    private readonly Option<string?> note = RowOptions.Text("--note", "TEXT", "For operators");

    /// <param name="isNew">Whether the kind must be named.</param>
    public IssuerOptions(bool isNew)
    {
        kind = new("--kind") { Required = isNew, Description = "Whether it speaks for people or for workloads" };
        kind.AcceptOnlyFromAmong("people", "workload");
    }

    public Symbol[] All => [kind, name, jwks, jwksUri, audience, algs, age, once, clients, create, mustName, note];

    /// <summary>An issuer before anything is said of it but its name in assertions.</summary>
    public static IssuerRow New(string issuer) => IssuerRow.New(issuer, "workload",
        Uri.TryCreate(issuer, UriKind.Absolute, out var url) && url.Host.Length > 0 ? url.Host : issuer);

    /// <summary>The row with what was named; or what is wrong with the file of keys.</summary>
    public string? Apply(ParseResult parse, IssuerRow before, out IssuerRow row)
    {
        var file = parse.GetValue(jwks);
        var problem = ClientKeyCommands.Read(file is { Length: > 0 } ? file : null, out var keys);
        row = before with
        {
            Kind = parse.GetValue(kind) ?? before.Kind,
            Name = parse.GetValue(name) ?? before.Name,
            Jwks = file switch { null => before.Jwks, "" => null, _ => keys },
            JwksUri = RowOptions.OrNone(parse.GetValue(jwksUri), before.JwksUri),
            Audience = RowOptions.OrNone(parse.GetValue(audience), before.Audience),
            Algs = RowOptions.Listed(parse.GetValue(algs)) ?? before.Algs,
            MaxAgeSeconds = parse.GetValue(age) ?? before.MaxAgeSeconds,
            SingleUse = parse.GetValue(once) ?? before.SingleUse,
            Clients = RowOptions.Listed(parse.GetValue(clients)) ?? before.Clients,
            CreatePeople = parse.GetValue(create) ?? before.CreatePeople,
            MustName = RowOptions.Listed(parse.GetValue(mustName)) ?? before.MustName,
            Note = parse.GetValue(note) ?? before.Note,
        };
        return problem;
    }
}

/// <summary>The columns of a rule of workloads as options.</summary>
internal sealed class RuleOptions
{
    private readonly Option<string?> claims;
    private readonly Option<string[]?> resources =
        RowOptions.Several("--resources", "URI", "What its tokens may be for; default, or '': all the client's");
    private readonly Option<string[]?> scopes =
        RowOptions.Several("--scopes", "SCOPE", "What its tokens may carry; default, or '': all the client's");
    private readonly Option<string?> note = RowOptions.Text("--note", "TEXT", "For operators");

    /// <param name="isNew">Whether the claims must be named.</param>
    public RuleOptions(bool isNew) =>
        claims = new("--claims") { Required = isNew, HelpName = "JSON", Description = "What its claims must be" };

    public Symbol[] All => [claims, resources, scopes, note];

    /// <summary>The row with what was named.</summary>
    public RuleRow Apply(ParseResult parse, RuleRow row) => row with
    {
        Claims = parse.GetValue(claims) ?? row.Claims,
        Resources = RowOptions.Listed(parse.GetValue(resources)) switch { null => row.Resources, [] => null, var some => some },
        Scopes = RowOptions.Listed(parse.GetValue(scopes)) switch { null => row.Scopes, [] => null, var some => some },
        Note = parse.GetValue(note) ?? row.Note,
    };
}

/// <summary>Options whose values are columns; '' stands for none.</summary>
internal static class RowOptions
{
    public static Option<string?> Text(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description };

    public static Option<string[]?> Several(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description, AllowMultipleArgumentsPerToken = true };

    /// <summary>What was named; '' for none, and nothing leaves what was before.</summary>
    public static string? OrNone(string? given, string? before) => given switch { null => before, "" => null, var text => text };

    /// <summary>All that was named, '' for none; null: nothing was.</summary>
    public static string[]? Listed(string[]? values) => values is { Length: > 0 } ? [.. values.Where(one => one.Length > 0)] : null;
}
