using System.Net;
using FluentAssertions;
using FluentAssertions.Execution;
using Microsoft.AspNetCore.Routing;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>
/// What a page of somebody else can do with ours in the browser of a person who is using them: nothing (CWE-352, CWE-1021).
/// </summary>
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class OtherSitesTest
{
    private PageFixture world = null!;
    private Person mallory = null!;

    // Many pages have the same form: once is enough.
    private readonly HashSet<string> tried = [];
    private int walked;

    [OneTimeSetUp]
    public async Task MakeWorldAsync()
    {
        world = await PageFixture.MakeAsync();
        mallory = await world.Server.UserAsync("mallory");
    }

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        if (world is not null) await world.DisposeAsync();
    }

    [TestCaseSource(typeof(PageTour), nameof(PageTour.Cases))]
    [Rfc(9700, "4.16"), Case("UI-003", "UI-009", "UI-013", "UI-041")]
    public async Task No_other_site_can_send_its_forms_or_frame_it(PageCase pageCase)
    {
        await using var visitor = await BrowserSession.OpenAsync(world, pageCase, new Look { Scripts = true });
        var forms = (await FormsAsync(visitor)).Where(form => tried.Add($"{new Uri(form.Action).AbsolutePath} {form.Button}")).ToList();
        var tab = await visitor.NewTabAsync();
        using var scope = new AssertionScope(pageCase.Name);

        foreach (var origin in new[] { world.ExternalServer.CrossSite, world.ExternalServer.SameSite })
        {
            // With everything a thief could know, the antiforgery token included: he has none, but if he had.
            foreach (var form in forms)
            {
                var before = await RowsAsync();
                world.ExternalServer.Page =
                    form.Trap(name => name == "username" ? mallory.Username : name == "password" ? Cast.Password : "on");
                var answer = await WalkIntoAsync(tab, origin);
                // From another site no cookie comes along: nobody is signed in there.
                if (answer.Status == 303 && origin == world.ExternalServer.CrossSite)
                    (await answer.HeaderValueAsync("location")).Should().StartWith(world.Server.Issuer + Paths.Login);
                else answer.Status.Should().BeInRange(400, 499, $"{form.Button} was posted from {origin} to {answer.Url}");
                (await RowsAsync()).Should().BeEquivalentTo(before, $"{form.Button} was posted from {origin} to {answer.Url}");
            }

            world.ExternalServer.Page =
                $"<!DOCTYPE html><title>Win a prize</title><iframe src=\"{WebUtility.HtmlEncode(visitor.Page.Url)}\"></iframe>";
            await tab.GotoAsync(origin);
            // Chromium puts a page of its own in the place of one that must not be framed.
            (await tab.FrameLocator("iframe").Locator("main, form").CountAsync())
                .Should().Be(0, $"{visitor.Page.Url} was framed by {origin}");
        }

        if (++walked == PageTour.Cases.Count) EveryFormWasTried();
    }

    private void EveryFormWasTried()
    {
        var posts = from endpoint in world.Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                    where endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") is true
                    select endpoint.RoutePattern.RawText;
        string[] forPrograms = [Paths.Token, Paths.Revoke, Paths.Introspect, Paths.Register];

        tried.Select(form => form.Split(' ')[0]).Distinct()
            .Should().BeEquivalentTo(posts.Except(forPrograms), "the walk passes every form there is");
        tried.Where(form => form.StartsWith(Paths.Consent, StringComparison.Ordinal))
            .Should().BeEquivalentTo("/consent decision=allow", "/consent decision=read", "/consent decision=deny");
    }

    // Opens the trap, and waits until what it leads to stands there.
    private async Task<IResponse> WalkIntoAsync(IPage tab, string origin)
    {
        IResponse? posted = null;
        var landed = new TaskCompletionSource<IResponse>();
        void Note(object? sender, IResponse response) => posted = response.Request.Method == "POST" ? response : posted;
        void Land(object? sender, IPage page)
        {
            if (posted is not null && page.Url.StartsWith(world.Server.Issuer, StringComparison.Ordinal)) landed.TrySetResult(posted);
        }

        tab.Response += Note;
        tab.Load += Land;
        await tab.GotoAsync(origin, new() { WaitUntil = WaitUntilState.Commit });
        var answer = await landed.Task.WaitAsync(TimeSpan.FromSeconds(15));
        tab.Response -= Note;
        tab.Load -= Land;
        return answer;
    }

    private static Task<Form[]> FormsAsync(BrowserSession visitor) => visitor.Page.EvaluateAsync<Form[]>(
        """
        () => [...document.forms].filter(form => form.method === 'post')
            .flatMap(form => [...form.querySelectorAll('button:not([type=button]), input[type=submit]')].map(button => ({
            action: form.action,
            button: button.name ? `${button.name}=${button.value}` : '',
            fields: [...new FormData(form, button)].map(([name, value]) => ({ name, value })),
        })))
        """);

    // What the server knows, but for what it wrote into its log of refusals, and when it last saw a browser.
    private async Task<Dictionary<string, string>> RowsAsync()
    {
        var tables = await world.Server.QueryAsync<string>(
            "select table_name from information_schema.tables "
                + "where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'audit_events%'");
        var rows = new Dictionary<string, string>();
        foreach (var table in tables)
            rows[table] =
                await world.Server.ScalarAsync<string>(
                    $"select count(*) || ' rows, ' || md5(coalesce(string_agg(one::text, ' ' order by one::text), '')) "
                        + $"from (select to_jsonb(r) - array['last_seen_at', 'last_used_at'] as one from {table} r) rows");
        return rows;
    }

    /// <summary>One button of a form, with what it sends.</summary>
    private sealed record Form
    {
        public string Action { get; init; } = "";
        public string Button { get; init; } = "";
        public Field[] Fields { get; init; } = [];

        /// <summary>A page that sends the same as soon as it is opened.</summary>
        /// <param name="typed">What stands in the fields a person fills.</param>
        public string Trap(Func<string, string> typed) =>
            $"""
             <!DOCTYPE html><title>Win a prize</title>
             <body onload="HTMLFormElement.prototype.submit.call(document.forms[0])">
             <form method="post" action="{WebUtility.HtmlEncode(Action)}">
             {string.Concat(Fields.Select(field =>
                 $"<input type=\"hidden\" name=\"{WebUtility.HtmlEncode(field.Name)}\" "
                 + $"value=\"{WebUtility.HtmlEncode(field.Value.Length > 0 ? field.Value : typed(field.Name))}\">"))}
             </form>
             """;
    }

    private sealed record Field
    {
        public string Name { get; init; } = "";
        public string Value { get; init; } = "";
    }
}
