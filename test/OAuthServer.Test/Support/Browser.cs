using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>
/// A browser without JavaScript: keeps cookies by hand (a CookieContainer sends Secure ones over http to no host, Chromium does
/// on localhost), follows redirects inside the server, fills forms.
/// </summary>
public sealed class Browser(TestServer server, HttpClient http)
{
    /// <summary>Name and value; visible to tests that play the thief.</summary>
    public Dictionary<string, string> Cookies { get; } = new(StringComparer.Ordinal);

    /// <summary>Headers sent with every request.</summary>
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase) { ["Accept"] = "text/html" };

    /// <summary>One GET, no redirect followed.</summary>
    public Task<Reply> GetAsync(string pathAndQuery) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(pathAndQuery, UriKind.RelativeOrAbsolute)));

    /// <summary>One form POST, no redirect followed.</summary>
    public Task<Reply> PostAsync(string path, IEnumerable<KeyValuePair<string, string>> form) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form) });

    /// <summary>What a script of ours posts: JSON, with the antiforgery token of its page.</summary>
    public Task<Reply> PostJsonAsync(string path, string json, string token)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json"),
        };
        message.Headers.Add("X-Antiforgery", token);
        return SendAsync(message);
    }

    /// <summary>GET, following redirects until a page, or an address outside the server.</summary>
    public async Task<Landing> FollowAsync(string pathAndQuery) => await FollowAsync(await GetAsync(pathAndQuery), pathAndQuery);

    public async Task<Landing> FollowAsync(Reply reply, string at)
    {
        for (var hops = 0; reply.Status is 302 or 303 && hops < 10; hops++)
        {
            at = reply.Location!;
            if (!IsOurs(at)) return new Landing(at, reply);
            reply = await GetAsync(at);
        }

        return new Landing(at, reply);
    }

    /// <summary>Posts the page's form (the one with a button of this name and value when given), its hidden and checked
    /// fields included.</summary>
    public Task<Reply> SubmitAsync(Landing page, string? button = null, string? value = null,
        params (string Name, string? Value)[] changes) =>
        SubmitAsync(page, Form.On(page.Reply.Body, button, value), button, value, changes);

    /// <summary>Posts the form of the page that goes to this path.</summary>
    public Task<Reply> SubmitToAsync(string path, Landing page, params (string Name, string? Value)[] changes) =>
        SubmitAsync(page, Form.To(page.Reply.Body, server.Settings.IssuerPath + path), null, null, changes);

    private Task<Reply> SubmitAsync(Landing page, Form? found, string? button, string? value, (string Name, string? Value)[] changes)
    {
        var form = found ?? throw new InvalidOperationException($"no such form on {page.Url}:\n{page.Reply.Body}");
        var fields = form.Fields.ToList();
        foreach (var change in changes)
        {
            fields.RemoveAll(field => field.Key == change.Name);
            if (change.Value is not null) fields.Add(KeyValuePair.Create(change.Name, change.Value));
        }

        if (button is not null) fields.Add(KeyValuePair.Create(button, value ?? ""));
        return PostAsync(form.Action.Length > 0 ? form.Action : page.Url, fields);
    }

    /// <summary>Starts an authorization request and signs in if asked: the consent page, an error page, or the client's redirect.</summary>
    public async Task<Landing> ReachConsentAsync(string query, Person person)
    {
        var landed = await FollowAsync($"{server.Settings.IssuerPath}{Paths.Authorize}?{query}");
        return landed.Is(Paths.Login) ? await SignInAsync(landed, person) : landed;
    }

    /// <summary>Fills the sign-in form of a page.</summary>
    public async Task<Landing> SignInAsync(Landing login, Person person, string? password = null) =>
        await FollowAsync(await SubmitAsync(login, changes: [("username", person.Username), ("password", password ?? person.Password)]),
            login.Url);

    /// <summary>Signs in without an authorization request.</summary>
    public async Task<Landing> SignInAsync(Person person) =>
        await SignInAsync(await FollowAsync(server.Settings.IssuerPath + Paths.Login), person);

    /// <summary>Whether the server still knows who this is: a sign-in is not asked for, and leads to the person's own page.</summary>
    public async Task<bool> IsSignedInAsync() => (await FollowAsync(server.Settings.IssuerPath + Paths.Login)).Is(Paths.ConnectedApps);

    /// <summary>The whole way with Allow: where the browser ends outside the server.</summary>
    public async Task<Landing> AllowAsync(string query, Person person)
    {
        var landed = await ReachConsentAsync(query, person);
        return landed.Is(Paths.Consent) ? await FollowAsync(await SubmitAsync(landed, "decision", "allow"), landed.Url) : landed;
    }

    private bool IsOurs(string url) => url.StartsWith('/') || url.StartsWith(server.Issuer + "/", StringComparison.Ordinal);

    private async Task<Reply> SendAsync(HttpRequestMessage message)
    {
        var target = message.RequestUri!.OriginalString;
        // The second instance of a server listens elsewhere under the same issuer.
        if (target.StartsWith(server.Issuer + "/", StringComparison.Ordinal))
            message.RequestUri = new Uri(target[new Uri(server.Issuer).GetLeftPart(UriPartial.Authority).Length..], UriKind.Relative);
        foreach (var (name, value) in Headers) message.Headers.TryAddWithoutValidation(name, value);
        if (Cookies.Count > 0)
            message.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var reply = await Reply.ReadAsync(await http.SendAsync(message));
        if (!reply.Headers.TryGetValues("Set-Cookie", out var set)) return reply;
        foreach (var cookie in set)
        {
            var (name, value) = cookie.Split(';')[0].Split('=', 2) is [var left, var right] ? (left, right) : (cookie, "");
            if (value.Length == 0 || Says(cookie, "expires=Thu, 01 Jan 1970") || Says(cookie, "max-age=0")) Cookies.Remove(name);
            else Cookies[name] = value;
        }

        return reply;

        static bool Says(string cookie, string attribute) => cookie.Contains(attribute, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A form of a page, as a browser would submit it: fields that are disabled or not checked stay away, buttons too.</summary>
    public sealed record Form(string Action, IReadOnlyList<KeyValuePair<string, string>> Fields)
    {
        /// <summary>The first form; the first with a button of this name and value when given.</summary>
        public static Form? On(string html, string? button, string? value) =>
            Find(html, form => button is null || form.Elements.Any(element =>
            element is IHtmlButtonElement or IHtmlInputElement
            && element.GetAttribute("name") == button && (value is null || element.GetAttribute("value") == value)));

        /// <summary>The form that is posted there.</summary>
        public static Form? To(string html, string action) => Find(html, form => form.GetAttribute("action") == action);

        private static Form? Find(string html, Func<IHtmlFormElement, bool> fits) =>
            new HtmlParser().ParseDocument(html).Forms.FirstOrDefault(fits) is { } form
                ? new Form(form.GetAttribute("action") ?? "", [.. form.Elements.SelectMany(FieldOf)])
                : null;

        private static IEnumerable<KeyValuePair<string, string>> FieldOf(IHtmlElement element) => element switch
        {
            _ when element.GetAttribute("name") is not { Length: > 0 } || element.Matches("[disabled], fieldset[disabled] *") => [],
            IHtmlInputElement { Type: "submit" } or IHtmlInputElement { Type: "checkbox" or "radio", IsChecked: false } => [],
            IHtmlInputElement { Type: "checkbox" or "radio" } box => [KeyValuePair.Create(box.Name!, box.GetAttribute("value") ?? "on")],
            IHtmlInputElement input => [KeyValuePair.Create(input.Name!, input.Value)],
            IHtmlTextAreaElement area => [KeyValuePair.Create(area.Name!, area.Value)],
            IHtmlSelectElement choice => [KeyValuePair.Create(choice.Name!, choice.Value ?? "")],
            _ => [],
        };
    }
}

/// <summary>Where a browser ended: one of our pages, or an address outside.</summary>
public sealed record Landing(string Url, Reply Reply)
{
    /// <summary>The parameters of the address.</summary>
    public Parameters Parameters => Parameters.OfQuery(Url.Contains('?') ? Url[Url.IndexOf('?')..] : "");

    public bool Is(string path) => Url.Split('?')[0].EndsWith(path, StringComparison.Ordinal) && Reply.Status is 200 or 400 or 401 or 429;

    public override string ToString() => $"{Url} {Reply.Status}\n{Reply.Body}";
}

/// <summary>A new browser for a server.</summary>
public static class Browsers
{
    public static Browser NewBrowser(this TestServer server) => new(server, server.NewHttp());

    /// <summary>A new browser at another address of this machine.</summary>
    public static Browser NewBrowserFrom(this TestServer server, string address) => new(server, server.NewHttpFrom(address));
}
