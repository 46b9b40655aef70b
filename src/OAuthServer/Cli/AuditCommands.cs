using System.CommandLine;
using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Cli;

/// <summary>audit and why: entries of the audit log, and the private reason of a refusal.</summary>
internal static class AuditCommands
{
    public static CliCommand Audit()
    {
        var client = new Option<string?>("--client") { HelpName = "CLIENT_ID", Description = "Only this client" };
        var subject =
            new Option<string?>("--subject")
            {
                HelpName = "SUBJECT",
                Description = "Only this user, by the subject that users list prints"
            };
        var user = new Option<string?>("--user") { HelpName = "NAME", Description = "Only this user, by name" };
        var csv = new Option<bool>("--csv") { Description = "Print RFC 4180, newest first, for spreadsheets; --limit says how much" };
        var @event =
            new Option<string?>("--event")
            {
                HelpName = "EVENT",
                Description = "token, authorize, consent, sign-in, revocation, edit, …"
            };
        var refused = new Option<bool>("--refused") { Description = "Only refusals" };
        var since =
            new Option<DateTimeOffset?>("--since")
            {
                HelpName = "1h|2026-11-20",
                Description = "Not older than 30m, 1h or 7d, or since a date or time (UTC)",
                CustomParser = Since
            };
        var limit =
            new Option<int>("--limit") { HelpName = "N", Description = "At most this many, the newest", DefaultValueFactory = _ => 50 };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && number < 1)
                result.AddError("--limit: write 1 or more");
        });
        return CliCommand.On("audit", "Search the audit log, newest last", "oauth-server audit --client nightly-etl --refused --since 1h",
            [client, user, subject, @event, refused, since, limit, csv], async (parse, context, cancel) =>
        {
            var person = parse.GetValue(user) is { } name ? await context.PersonAsync(name, cancel) : null;
            if (person is null && parse.GetValue(user) is { } unknown) return UserCommands.Unknown(context, unknown);
            var search = new AuditSearch
            {
                Client = parse.GetValue(client),
                Subject = person?.Subject.ToString() ?? parse.GetValue(subject),
                Event = parse.GetValue(@event),
                Outcome = parse.GetValue(refused) ? "refused" : null,
                Since = parse.GetValue(since),
                Limit = parse.GetValue(limit),
            };
            var store = new AuditStore(context.Database);
            if (parse.GetValue(csv))
            {
                var text = new System.Text.StringBuilder(AuditCsv.Head);
                await foreach (var rows in store.PagesAsync(search, cancel)) text.AppendJoin("", rows.Select(AuditCsv.Line));
                return context.Output.Csv(text.ToString());
            }

            var found = await store.SearchAsync(search, cancel);
            var events = found.Take(parse.GetValue(limit)).Reverse().ToList();
            return context.Output.Done(new { events }, events.Count == 0
                ? "No results."
                : Words.Table(["WHEN", "REQUEST", "EVENT", "OUTCOME", "CLIENT", "SUBJECT", "ACTOR", "REASON"], events.Select(row => new[]
                {
                    Words.At(row.At), row.RequestId, row.Event, row.Outcome == "ok" ? "ok" : row.Error, row.ClientId, row.Subject,
                        row.Actor, row.Reason ?? row.Detail,
                })));
        });
    }

    public static CliCommand Why()
    {
        var id = new Argument<string>("REQUEST_ID") { Description = "The Request-Id header of the response" };
        var scan =
            new Option<bool>("--scan") { Description = "Read the whole audit log, slowly: for ids from before 0.1.0, which carry no time" };
        return CliCommand.On("why", "Explain why a request was refused", "oauth-server why AZrVtdz4m0pXc1LqR3Zy", [id, scan],
            async (parse, context, cancel) =>
        {
            var (request, store) = (parse.GetRequiredValue(id), new AuditStore(context.Database));
            if (TimedId.TimeOf(request) is null && !parse.GetValue(scan))
                return context.Output.Refuse($"{request} carries no time, so its entries cannot be found by index",
                    $"If it was copied whole, read the whole log, slowly: oauth-server why --scan {request}");
            var decisions = parse.GetValue(scan) ? await store.ScanAsync(request, cancel) : await store.FindAsync(request, cancel);
            if (decisions.Count == 0) return context.Output.Refuse($"No audit entry for {request}", AuditEvents.NotKept + ".");

            var stories = new List<string>();
            foreach (var row in decisions)
            {
                var name = Guid.TryParse(row.Subject, out var subject) ? await context.Users.NameAsync(subject, cancel) : null;
                stories.Add(
                    Words.Properties([("event", AuditFormatter.Title(row)), ("when", Words.At(row.At)), .. AuditFormatter.Of(row, name)]));
            }

            return context.Output.Done(new { request_id = request, decisions }, string.Join("\n\n", stories));
        });
    }

    private static DateTimeOffset? Since(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) && number <= 100_000
            && text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } is > 0 and var unit)
            return TimeProvider.System.GetUtcNow().AddSeconds(-(double)number * unit);
        if (text.Length >= 10 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment))
            return moment;
        result.AddError("--since: write 30m, 1h, 7d, 2026-11-20 or 2026-11-20T14:00Z");
        return null;
    }
}
