using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>One-time links as an operator makes them, and the pages people open them at.</summary>
public abstract class AccountFixture : ServerFixture
{
    /// <summary>A good password that nobody has.</summary>
    protected const string Better = "purple monkey dishwasher";

    private static int browsers;

    /// <summary>A browser at an address of its own: wrong links are counted by address.</summary>
    protected Browser NewBrowser()
    {
        var number = Interlocked.Increment(ref browsers);
        return Server.NewBrowserFrom($"127.{1 + (number / 62_500)}.{1 + (number / 250 % 250)}.{1 + (number % 250)}");
    }

    /// <summary>A name nobody has.</summary>
    protected static string NewName(string name = "ada") => $"{name}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>The token of an invitation.</summary>
    protected Task<string> InviteAsync(string username, string role = "user", string? email = null, bool mailed = false,
        string? provider = null) => MakeAsync(new NewAccountLink
        {
            Kind = AccountLinks.Invitation,
            Username = username,
            Role = role,
            Email = email,
            Mailed = mailed,
            Provider = provider,
        });

    /// <summary>The token of a link to a new password.</summary>
    protected Task<string> ResetAsync(Person person, string kind = AccountLinks.Reset) =>
        MakeAsync(new NewAccountLink { Kind = kind, Subject = person.Subject, Mailed = kind == AccountLinks.MailedReset });

    /// <summary>The token of a proof of an address.</summary>
    protected Task<string> ProofAsync(Person person, string email) =>
        MakeAsync(new NewAccountLink { Kind = AccountLinks.Address, Subject = person.Subject, Email = email, Mailed = true });

    protected async Task<string> MakeAsync(NewAccountLink link)
    {
        var request = TimedId.NewRequestId(Server.Clock.GetUtcNow());
        return (await AccountLinks.MakeAsync(Server.Get<AccountLinkStore>(), link, new Author("cli:root") { RequestId = request },
            TimedId.TimeOf(request)!.Value))!;
    }

    protected static string At(string token) => $"{Paths.AccountLink}?t={token}";

    /// <summary>Opens a link and sends its form with a password.</summary>
    protected static async Task<Reply> SpendAsync(Browser browser, string token, string password = Better,
        params (string Name, string? Value)[] changes) =>
        await browser.SubmitAsync(await browser.FollowAsync(At(token)), changes: [("password", password), ("again", password), .. changes]);

    /// <summary>Sends a form of ours with another token, as if a link had led to it.</summary>
    protected async Task<Reply> PostAsync(Browser browser, string token, string kind, params (string Name, string? Value)[] changes)
    {
        var page = await browser.FollowAsync(At(await InviteAsync(NewName("decoy"))));
        return await browser.SubmitAsync(page,
            changes: [("password", Better), ("again", Better), ("t", token), ("kind", kind), .. changes]);
    }

    protected Task<long> PeopleAsync(string username) =>
        Server.ScalarAsync<long>("select count(*) from users where username = @username", new { username });

    protected Task<string?> HashAsync(Person person) =>
        Server.ScalarAsync<string?>("select password_hash from users where subject = @Subject", person);

    protected bool HasSession(Browser browser) => browser.Cookies.ContainsKey(Cookies.Name("s", Server.Settings));
}
