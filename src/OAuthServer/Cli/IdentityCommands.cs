using System.CommandLine;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>trust identities, link and unlink: who people are at issuers.</summary>
internal static class IdentityCommands
{
    public static CliCommand List()
    {
        var page = new ListOptions("KEY");
        var search = RowOptions.Text("--search", "TEXT", "Only with this in what the issuer calls them");
        var issuer = RowOptions.Text("--issuer", "ISSUER", "Only of this issuer, exactly");
        var who = RowOptions.Text("--user", "USER", "Only of this user: the name used to sign in, or the subject");
        return CliCommand.On("identities", "List who people are at issuers", "oauth-server trust identities --issuer https://idp.example",
            page.Behind(search, issuer, who), async (parse, context, cancel) =>
        {
            Guid? subject = null;
            if (parse.GetValue(who) is { } name)
            {
                if (await context.PersonAsync(name, cancel) is not { } person) return UserCommands.Unknown(context, name);
                subject = person.Subject;
            }

            var found = await context.Identities.ListAsync(
                new IdentitySearch
                {
                    Text = parse.GetValue(search)?.Trim() ?? "",
                    Issuer = parse.GetValue(issuer),
                    Subject = subject,
                }, new Cursor(page.After(parse), null), page.Length(parse), cancel);
            var next = found.HasNext ? IdentityQueries.KeyOf(found.Rows[^1]) : null;
            var isMore = found.Total > found.Most;
            return context.Output.Done(
                new { identities = found.Rows, total = isMore ? found.Most : found.Total, total_is_more = isMore, next },
                found.Rows.Count == 0 ? "No results."
                : Words.Table(["ISSUER", "TENANT", "SUB", "USER", "LINKED", "BY", "LAST USED"], found.Rows.Select(one => new[]
                {
                    one.Issuer, one.Tenant, one.Sub, one.Username, Words.At(one.CreatedAt), one.CreatedBy, Words.At(one.LastUsedAt),
                })) + ListOptions.Foot(Words.Total(found.Total, found.Most), next));
        });
    }

    public static CliCommand Link()
    {
        var (issuer, sub, tenant) = (Issuer(), Sub(), Tenant());
        var who = new Argument<string>("USER") { Description = "The name used to sign in, or the subject" };
        return CliCommand.On("link", "Link what an issuer calls somebody to a user",
            "oauth-server trust link https://idp.example Zm9vYmFy alice", [issuer, sub, who, tenant], async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(who);
            return await context.PersonAsync(name, cancel) is { } person
                ? await LinkCommands.LinkAsync(context, KeyOf(parse, issuer, sub, tenant), person, cancel)
                : UserCommands.Unknown(context, name);
        });
    }

    public static CliCommand Unlink()
    {
        var (issuer, sub, tenant, yes) = (Issuer(), Sub(), Tenant(), Affected.Yes());
        return CliCommand.On("unlink", "Unlink what an issuer calls somebody, and end what stands on it",
            "oauth-server trust unlink https://idp.example Zm9vYmFy --yes", [issuer, sub, tenant, yes],
            (parse, context, cancel) =>
                LinkCommands.UnlinkAsync(context, KeyOf(parse, issuer, sub, tenant), null, parse.GetValue(yes), cancel));
    }

    private static Argument<string> Issuer() => new("ISSUER") { Description = "The issuer, exactly" };

    private static Argument<string> Sub() => new("SUB") { Description = "What it calls the user: the claim sub" };

    private static Option<string?> Tenant() => RowOptions.Text("--tenant", "TENANT", "Its tenant claim, where it has one");

    private static IdentityKey KeyOf(ParseResult parse, Argument<string> issuer, Argument<string> sub, Option<string?> tenant) => new()
    {
        Issuer = parse.GetRequiredValue(issuer),
        Tenant = parse.GetValue(tenant) ?? "",
        Sub = parse.GetRequiredValue(sub),
    };
}
