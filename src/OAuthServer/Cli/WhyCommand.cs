using System.CommandLine;
using OAuthServer.Audit;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Cli;

/// <summary>why: the private reason of a refusal by its request id, or the recent refusals of a client.</summary>
internal static class WhyCommand
{
    private static readonly Argument<string?> Id =
        new("REQUEST_ID") { Description = "The Request-Id header of the response", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<bool> Scan =
        new("--scan") { Description = "Read the whole audit log, slowly: for ids from before 0.1.0, which carry no time" };

    private static readonly Option<string?> Client =
        new("--client") { HelpName = "CLIENT_ID", Description = "The recent refusals of this client, newest last, in place of a request" };

    private static readonly Option<DateTimeOffset?> Since = AuditCommands.Since();

    private static readonly Option<int> Limit = AuditCommands.Limit(10);

    public static CliCommand Make() => CliCommand.On("why", "Explain why a request was refused",
        "oauth-server why AZrVtdz4m0pXc1LqR3Zy\noauth-server why --client nightly-etl --since 1h", [Id, Scan, Client, Since, Limit],
        (parse, context, cancel) => (parse.GetValue(Id), parse.GetValue(Client)) switch
        {
            ({ } id, null) => RequestAsync(id, parse.GetValue(Scan), context, cancel),
            (null, { } client) => ClientAsync(client, parse, context, cancel),
            _ => Task.FromResult(context.Output.Misuse("The command was not understood",
                ["REQUEST_ID: name a request, or a client with --client, and not both"], "oauth-server why --help says more.")),
        });

    private static async Task<int> RequestAsync(string request, bool scan, CommandContext context, CancellationToken cancel)
    {
        var store = context.Audit;
        if (TimedId.TimeOf(request) is null && !scan)
            return context.Output.Refuse($"{request} carries no time, so its entries cannot be found by index",
                $"If it was copied whole, read the whole log, slowly: oauth-server why --scan {request}");
        var decisions = scan ? await store.ScanAsync(request, cancel) : await store.FindAsync(request, cancel);
        return decisions.Count == 0
            ? context.Output.Refuse($"No audit entry for {request}", AuditEvents.NotKept + ".")
            : context.Output.Done(new { request_id = request, decisions = decisions.Select(Explain) },
                await TextAsync(decisions, withRequest: false, context, cancel));
    }

    private static async Task<int> ClientAsync(string client, ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        var (since, limit) = (parse.GetValue(Since), parse.GetValue(Limit));
        var found = await context.Audit.SearchAsync(
            new AuditSearch { Client = client, Outcome = "refused", Since = since, Limit = limit }, cancel);
        var refusals = found.Take(limit).Reverse().ToList();
        if (refusals.Count > 0)
            return context.Output.Done(new { client_id = client, refusals = refusals.Select(Explain) },
                await TextAsync(refusals, withRequest: true, context, cancel));
        if (await context.Clients.FindAsync(client, cancel) is not null)
            return context.Output.Done(new { client_id = client, refusals = Array.Empty<object>() },
                $"{client} was not refused{(since is { } from ? $" since {Words.At(from)}" : "")}. {AuditEvents.NotKept}.");
        return context.Output.Refuse($"There is no client {client}, and no refusal of it",
            "An id that no client has is not kept, since it may be a secret in the wrong place: oauth-server audit --refused --since 1h");
    }

    private static async Task<string> TextAsync(
        IReadOnlyList<AuditRow> rows, bool withRequest, CommandContext context, CancellationToken cancel)
    {
        var stories = new List<string>();
        foreach (var row in rows)
        {
            var name = Guid.TryParse(row.Subject, out var subject) ? await context.Users.NameAsync(subject, cancel) : null;
            stories.Add(Words.Properties(
            [
                ("event", AuditFormatter.Title(row)),
                ("when", Words.At(row.At)),
                ("request", withRequest ? row.RequestId : null),
                .. AuditFormatter.Of(row, name),
                ("remedy", Remedies.Of(row)),
            ]));
        }

        return string.Join("\n\n", stories);
    }

    // A row with what to do about it.
    private static object Explain(AuditRow row) => new
    {
        row.At,
        row.RequestId,
        row.Event,
        row.Outcome,
        row.ClientId,
        row.Subject,
        row.GrantId,
        row.Jti,
        row.Address,
        row.Actor,
        row.Error,
        row.Rule,
        row.Reason,
        row.Expected,
        row.Got,
        row.Detail,
        Remedy = Remedies.Of(row),
    };
}
