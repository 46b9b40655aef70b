using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>A server with its administrators, who fill in forms as a browser without JavaScript does.</summary>
public abstract class AdminFixture : ServerFixture
{
    /// <summary>An administrator, signed in.</summary>
    protected async Task<(Person Person, Browser Browser)> OliviaAsync()
    {
        var (person, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await browser.SignInAsync(await browser.FollowAsync(Paths.Admin), person);
        return (person, browser);
    }

    /// <summary>Opens a page and sends its form for <paramref name="path"/>; null takes a field out.</summary>
    protected static async Task<Reply> ChangeAsync(Browser browser, string page, string path,
        params (string Name, string? Value)[] changes) =>
        await SendAsync(browser, await browser.GetAsync(page), path, changes);

    /// <summary>Sends a form of a page that is open.</summary>
    protected static Task<Reply> SendAsync(Browser browser, Reply page, string path, params (string Name, string? Value)[] changes)
    {
        var form = Browser.Form.To(page.Body, path)
            ?? throw new InvalidOperationException($"no form for {path} on {page}");
        var fields = form.Fields.Where(field => changes.All(change => change.Name != field.Key))
            .Concat(changes.Where(change => change.Value is not null).Select(change => KeyValuePair.Create(change.Name, change.Value!)));
        return browser.PostAsync(path, fields);
    }

    /// <summary>Who the audit log says did something, newest first, as "actor detail".</summary>
    protected Task<List<string>> ActsAsync(Reply reply) =>
        Server.QueryAsync<string>("select actor || ' ' || coalesce(detail, '') from audit_events where request_id = @id "
            + "and outcome = 'ok' and actor is not null order by at, detail", new { id = reply.RequestId });
}
