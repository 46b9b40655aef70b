using System.CommandLine;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Cli;

/// <summary>trust add and trust rule: issuers and rules as options; objects as the JSON that SQL takes.</summary>
internal static class TrustAdd
{
    public static CliCommand Issuer()
    {
        var issuer = new Argument<string>("ISSUER") { Description = "Exactly as the claim iss of its assertions says" };
        var kind = new Option<string>("--kind") { Required = true, Description = "Whether it speaks for people or for workloads" };
        kind.AcceptOnlyFromAmong("people", "workload");
        var name = Text("--name", "TEXT", "What people read; default: the issuer's host");
        var jwks = Text("--jwks", "FILE", "Its public keys; default: they are fetched");
        var jwksUri = Text("--jwks-uri", "URL", "Where its keys are fetched; default: as its discovery document says");
        var audience = Text("--audience", "TEXT", "What aud must be, of a workload; default: this server's issuer or token endpoint");
        var algs = Several("--algs", "ALG", "The algorithms it signs with; default: ES256 PS256 RS256");
        var age = new Option<int>("--max-age") { HelpName = "SECONDS", Description = "How old an assertion may be" };
        var once = new Option<bool>("--single-use") { Description = "A workload's assertion works once, by its jti" };
        var clients = Several("--clients", "CLIENT_ID", "The clients that may bring its assertions, of people");
        var create = new Option<bool>("--create-people") { Description = "Make people, as the sign-in provider of this issuer would" };
        var mustName = Several("--must-name", "CLAIM", "Claims that each of its rules gives exact values");
        return CliCommand.On("add", "Trust an issuer",
            "oauth-server trust add https://token.actions.githubusercontent.com --kind workload --name 'GitHub Actions' "
                + "--must-name repository_id repository_owner_id\noauth-server trust add https://idp.example --kind people --name Acme",
            [issuer, kind, name, jwks, jwksUri, audience, algs, age, once, clients, create, mustName], async (parse, context, cancel) =>
        {
            var id = parse.GetRequiredValue(issuer);
            var row = new IssuerRow
            {
                Issuer = id,
                Kind = parse.GetRequiredValue(kind),
                Name = parse.GetValue(name) ?? (Uri.TryCreate(id, UriKind.Absolute, out var url) && url.Host.Length > 0 ? url.Host : id),
                Jwks = parse.GetValue(jwks) is { } file ? await File.ReadAllTextAsync(file, cancel) : null,
                JwksUri = parse.GetValue(jwksUri),
                Audience = parse.GetValue(audience),
                Algs = parse.GetValue(algs) ?? [],
                MaxAgeSeconds = parse.GetValue(age),
                SingleUse = parse.GetValue(once),
                Clients = parse.GetValue(clients) ?? [],
                CreatePeople = parse.GetValue(create),
                MustName = parse.GetValue(mustName) ?? [],
                Enabled = true,
                Note = "",
            };
            if (NoJson(row.Jwks) is { } problem) return context.Output.Refuse($"The key set is no JSON: {problem}", "Nothing was changed.");
            if (id == context.Settings.Issuer)
                return context.Output.Refuse("This server does not trust itself as somebody else", "Nothing was changed.");
            var (author, _) = context.Act();
            var judged = await new TrustEdits(context.Database).AddAsync(AsIs(row), author, cancel);
            return judged.Refusals.Count > 0 ? context.Output.Refuse(judged.Refusals)
                : judged.Outcome == EditOutcome.Taken
                    ? context.Output.Refuse($"{id} is trusted already", "See: oauth-server trust list")
                    : context.Output.Done(new { issuer = id, added = true, request_id = author.RequestId }, $"{id} is trusted."
                        + (row.Kind == "people" ? "" : " Say which workload is which client: oauth-server trust rule --help"));
        });
    }

    public static CliCommand Rule()
    {
        var (issuer, client) = (new Argument<string>("ISSUER") { Description = "A trusted issuer of workloads" },
            new Argument<string>("CLIENT_ID") { Description = "The machine the workload is, with the authentication method federated" });
        var claims = new Option<string>("--claims") { Required = true, HelpName = "JSON", Description = "What its claims must be" };
        var resources = Several("--resources", "URI", "What its tokens may be for; default: all the client's");
        var scopes = Several("--scopes", "SCOPE", "What its tokens may carry; default: all the client's");
        return CliCommand.On("rule", "Add a rule: which workload is which client",
            "oauth-server trust rule https://cluster.example nightly-etl "
                + "--claims '{\"sub\": \"system:serviceaccount:prod:etl\", \"/kubernetes.io/namespace\": \"prod\"}'",
            [issuer, client, claims, resources, scopes], async (parse, context, cancel) =>
        {
            var row = new RuleRow
            {
                Id = 0,
                Issuer = parse.GetRequiredValue(issuer),
                ClientId = parse.GetRequiredValue(client),
                Claims = parse.GetRequiredValue(claims),
                Resources = parse.GetValue(resources) is { Length: > 0 } some ? some : null,
                Scopes = parse.GetValue(scopes) is { Length: > 0 } few ? few : null,
                Enabled = true,
                Note = "",
                GrantId = null,
            };
            if (NoJson(row.Claims) is { } problem)
                return context.Output.Refuse($"The claims are no JSON: {problem}", "Nothing was changed.");
            var (author, _) = context.Act();
            var judged = await new TrustEdits(context.Database).AddRuleAsync(
                new RowEdit<RuleRow> { Row = row, Restore = (one, _) => one }, author, cancel);
            return judged.Refusals.Count > 0 ? context.Output.Refuse(judged.Refusals)
                : context.Output.Done(new { row.Issuer, row.ClientId, added = true, request_id = author.RequestId },
                    $"Workloads of {row.Issuer} that fit are {row.ClientId}.");
        });
    }

    private static RowEdit<IssuerRow> AsIs(IssuerRow row) => new() { Row = row, Restore = (one, _) => one };

    private static string? NoJson(string? text)
    {
        if (text is null) return null;
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(text);
            return null;
        }
        catch (System.Text.Json.JsonException fault)
        {
            return $"line {fault.LineNumber + 1}";
        }
    }

    private static Option<string?> Text(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description };

    private static Option<string[]?> Several(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description, AllowMultipleArgumentsPerToken = true };
}
