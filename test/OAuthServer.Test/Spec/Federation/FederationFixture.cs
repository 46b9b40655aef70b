using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Federation;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>People who sign in at companies, which tell the truth until a test has them lie.</summary>
public abstract class FederationFixture : ServerFixture
{
    private int count;

    protected LyingProvider Elsewhere { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartElsewhereAsync() => Elsewhere = await LyingProvider.StartAsync();

    [OneTimeTearDown]
    public async Task StopElsewhereAsync() => await Elsewhere.DisposeAsync();

    /// <summary>No other test's companies are on the sign-in page.</summary>
    [SetUp]
    public Task ForgetAsync() => Server.ExecuteAsync("delete from identity_providers");

    /// <summary>A company with its row, under its id; the row as an operator would write it, changed by more SQL.</summary>
    /// <param name="set">What follows set: provisioning = 'create', say.</param>
    protected async Task<(Company Company, string Id)> CompanyAsync(string? set = null)
    {
        var (company, id) = (Elsewhere.NewCompany(), $"up-{++count}");
        await RowAsync(company, id, set);
        return (company, id);
    }

    protected async Task RowAsync(Company company, string id, string? set = null)
    {
        await Server.ExecuteAsync(
            "insert into identity_providers (id, label, issuer, client_id, secret_sealed, position) values (@id, @label, @Issuer, @client, @box, @position)",
            new
            {
                id,
                label = $"Acme {id}",
                company.Issuer,
                client = Company.ClientId,
                box = ProviderSecrets.Seal(Company.Secret, Server.Get<KeyEncryption>()),
                position = count,
            });
        if (set is not null) await Server.ExecuteAsync($"update identity_providers set {set} where id = @id", new { id });
        await HeardAsync(id);
    }

    /// <summary>Waits until the server has heard of the row as it stands.</summary>
    protected Task HeardAsync(string id) => Eventually.BecomesTrueAsync(async () =>
    {
        var version = await Server.ScalarAsync<string?>("select md5(to_jsonb(p)::text) from identity_providers p where id = @id",
            new { id });
        return (await Server.Get<ProviderDirectory>().ReadAsync(CancellationToken.None)).FirstOrDefault(one => one.Id == id)?.Row.Version
            == version;
    });

    /// <summary>Waits until the company is offered.</summary>
    protected Task OfferedAsync(string id) => Eventually.BecomesTrueAsync(async () =>
        (await Server.Get<ProviderStates>().OfferedAsync(CancellationToken.None)).Any(one => one.Id == id));

    /// <summary>Links a person to what the company calls them.</summary>
    protected Task LinkAsync(Company company, Person person) => Server.ExecuteAsync(
        "insert into identities (issuer, sub, subject) values (@Issuer, @Sub, @Subject)",
            new { company.Issuer, company.Sub, person.Subject });

    /// <summary>The sign-in page, and the button of the company pressed: where the browser is sent.</summary>
    protected async Task<string> StartAsync(Browser browser, string id, Landing? login = null)
    {
        login ??= await browser.FollowAsync(Paths.Login);
        // Where a machine is busy the company may not have answered in time for the page.
        for (var again = 0; again < 60 && Browser.Form.To(login.Reply.Body, $"{Paths.Federation}/{id}") is null; again++)
        {
            await Task.Delay(500);
            login = await browser.FollowAsync(login.Url);
        }

        var reply = await browser.SubmitToAsync($"{Paths.Federation}/{id}", login);
        reply.Status.Should().Be(303, reply.ToString());
        return reply.Location!;
    }

    /// <summary>The whole way: the button, the sign-in there, and back.</summary>
    protected async Task<Reply> ComeAsync(Browser browser, Company company, string id, Landing? login = null) =>
        await browser.GetAsync(company.SignIn(await StartAsync(browser, id, login)));

    protected string SessionCookie => OAuthServer.Html.Cookies.Name("s", Server.Settings);

    /// <summary>Nobody was let in: the sign-in page again in these words, no session; the private reason names the check.</summary>
    protected async Task RefusedAsync(Browser browser, Reply reply, int status, string words, string? reason = null)
    {
        reply.Should().BeAPage(status);
        reply.Page.Body!.TextContent.Should().Contain(words);
        browser.Cookies.Should().NotContainKey(SessionCookie);
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (row.Event, row.Outcome).Should().Be(("federation", "refused"));
        if (reason is not null) $"{row.Reason} {row.Got}".Should().Contain(reason);
        reply.Body.Should().NotContain(row.Reason!);
    }

    /// <summary>Who is signed in.</summary>
    protected async Task<Guid?> WhoAsync(Browser browser) => !browser.Cookies.TryGetValue(SessionCookie, out var id) ? null
        : (await Server.QueryAsync<Guid?>("select subject from sessions where id_hash = sha256(convert_to(@id, 'UTF8'))", new { id }))
            .FirstOrDefault();
}
