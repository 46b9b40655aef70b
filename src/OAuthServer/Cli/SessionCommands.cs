using System.CommandLine;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>sessions: the browsers people are signed in with, and how that ends.</summary>
internal static class SessionCommands
{
    // Of the hash of a session's id, in hexadecimal: enough to tell a million apart, and too little to sign in with.
    private const int Shown = 16;
    private const int HashDigits = 64;

    public static CliCommand Make() => CliCommand.Family("sessions", "Show and end the sessions of browsers",
        "oauth-server sessions list --user alice", List(), End());

    /// <summary>Sessions as a table.</summary>
    public static string Table(IEnumerable<SessionSummary> sessions) =>
        Words.Table(["SESSION", "USER", "SIGNED IN", "LAST SEEN", "EXPIRES", "ADDRESS", "BROWSER"], sessions.Select(session => new[]
        {
            IdOf(session), session.Username, Words.At(session.AuthenticatedAt), Words.At(session.LastSeenAt), Words.At(session.ExpiresAt),
                session.Address, session.UserAgent,
        }));

    /// <summary>Sessions as programs read them.</summary>
    public static IEnumerable<object> Json(IEnumerable<SessionSummary> sessions) => sessions.Select(session => new
    {
        id = IdOf(session),
        session.Username,
        session.Subject,
        session.AuthenticatedAt,
        session.LastSeenAt,
        session.ExpiresAt,
        session.Address,
        session.UserAgent,
    });

    private static Option<string?> User() => new("--user") { HelpName = "NAME", Description = "Only of this user, by name or subject" };

    private static string IdOf(SessionSummary session) => Convert.ToHexStringLower(session.IdHash)[..Shown];

    private static CliCommand List()
    {
        var (user, page) = (User(), new ListOptions("SESSION_ID"));
        return CliCommand.On("list", "List the sessions that live, the longest first", "oauth-server sessions list --user alice",
            page.Behind(user), async (parse, context, cancel) =>
        {
            UserSummary? person = null;
            if (parse.GetValue(user) is { } name && (person = await context.PersonAsync(name, cancel)) is null)
                return UserCommands.Unknown(context, name);
            var now = context.Now;
            SessionSummary? after = null;
            if (page.After(parse) is { } id
                && (!IsId(id) || (after = await context.Sessions.FindAsync(FirstOf(id), LastOf(id), cancel)) is null))
                return NoId(context, id);
            var found = await context.Sessions.ListAsync(person?.Subject, after, page.Length(parse) + 1,
                now.AddSeconds(-context.Settings.SessionIdleSeconds), now, cancel);
            var total = await context.Sessions.CountAsync(person?.Subject, now, cancel);
            var next = found.Count > page.Length(parse) ? IdOf(found[^2]) : null;
            var rows = found.Take(page.Length(parse)).ToList();
            return context.Output.Done(
                new { sessions = Json(rows), total = total.Rows, total_is = total.Exactness.ToString(), next },
                rows.Count == 0 ? "No sessions." : Table(rows) + ListOptions.Foot(Affected.Say(total) + ", idle ones too", next));
        });
    }

    private static bool IsId(string text) => text.Length is >= Shown and <= HashDigits && text.All(char.IsAsciiHexDigit);

    private static int NoId(CommandContext context, string text) =>
        context.Output.Refuse($"{text} is the id of no session", "See: oauth-server sessions list. It may have ended meanwhile.");

    // What is shown of a hash names all that begin so: there is one.
    private static byte[] FirstOf(string id) => Convert.FromHexString(id.PadRight(HashDigits, '0'));

    private static byte[] LastOf(string id) => Convert.FromHexString(id.PadRight(HashDigits, 'f'));

    private static CliCommand End()
    {
        var (user, yes) = (User(), Affected.Yes());
        var id = new Argument<string?>("SESSION_ID")
        {
            Description = "As sessions list says it; none: all sessions of --user",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return CliCommand.On("end", "Sign a browser out, or a user everywhere; apps keep their grants (grants revoke ends those)",
            "oauth-server sessions end 1f0e9a7c5b3d2846 --yes\noauth-server sessions end --user alice --yes", [id, user, yes],
            async (parse, context, cancel) =>
        {
            UserSummary? person = null;
            if (parse.GetValue(user) is { } name && (person = await context.PersonAsync(name, cancel)) is null)
                return UserCommands.Unknown(context, name);
            if (parse.GetValue(id) is not { } session)
                return person is null
                    ? context.Output.Misuse("Nothing says which session", ["Name a session, or a user with --user."],
                        "oauth-server sessions end --help says more.")
                    : await EndAsync(context, new Ending(null, person.Subject, person.Username), parse.GetValue(yes), cancel);
            if (!IsId(session)) return NoId(context, session);
            return await EndAsync(context, new Ending(session, person?.Subject, session), parse.GetValue(yes), cancel);
        });
    }

    private static async Task<int> EndAsync(CommandContext context, Ending ending, bool yes, CancellationToken cancel)
    {
        var affected = await context.Sessions.WhoseAsync(ending.First, ending.Last, ending.Subject, cancel);
        if (affected.Count == 0 && ending.Id is { } unknown)
            return context.Output.Refuse($"There is no session {unknown}", "See: oauth-server sessions list");
        if (affected.Count > 0 && Affected.Refusal(context, yes, $"End sessions of {ending.What}",
            $"Sessions: {affected.Count}, of users: {string.Join(' ', affected.Distinct())}.") is { } refused) return refused;
        var (author, at) = context.Act();
        var ended = await context.Sessions.EndAsync(ending.First, ending.Last, ending.Subject, author, at);
        return context.Output.Done(new { ended, request_id = author.RequestId }, $"Sessions of {ending.What} ended: {ended}.");
    }

    // The beginning of a session's id, or null for all of the person's.
    private sealed record Ending(string? Id, Guid? Subject, string What)
    {
        public byte[]? First => Id is null ? null : FirstOf(Id);

        public byte[]? Last => Id is null ? null : LastOf(Id);
    }
}
