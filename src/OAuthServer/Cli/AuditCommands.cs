using System.CommandLine;
using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Cli;

/// <summary>audit: entries of the audit log. <see cref="WhyCommand"/> explains refusals.</summary>
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
        var (since, limit) = (Since(), Limit(50));
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
            var store = context.Audit;
            if (parse.GetValue(csv))
            {
                context.Output.Csv(AuditCsv.Head);
                await foreach (var row in store.ExportAsync(search, cancel)) context.Output.Csv(AuditCsv.Line(row));
                return 0;
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

    /// <summary>From when on; null: all.</summary>
    public static Option<DateTimeOffset?> Since() =>
        new("--since")
        {
            HelpName = "1h|2026-11-20",
            Description = "Not older than 30m, 1h or 7d, or since a date or time (UTC)",
            CustomParser = Since
        };

    /// <summary>How many, the newest of them.</summary>
    public static Option<int> Limit(int usual)
    {
        var limit =
            new Option<int>("--limit") { HelpName = "N", Description = "At most this many, the newest", DefaultValueFactory = _ => usual };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && number < 1)
                result.AddError("--limit: write 1 or more");
        });
        return limit;
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
