using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>Two servers on one database serve one flow between them.</summary>
public sealed class TwoInstancesTest : ServerFixture
{
    private TestServer twin = null!;

    [OneTimeSetUp]
    public async Task StartSecondInstanceAsync() => twin = await Server.StartSecondInstanceAsync();

    [OneTimeTearDown]
    public async Task StopTwinAsync() => await twin.DisposeAsync();

    [Test, Behaviour(2, 3, 8, 21, 22, 35)]
    public async Task Each_step_of_a_flow_on_the_other_one()
    {
        var (alice, app, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        var (here, there) = (Server.NewBrowser(), twin.NewBrowser());
        var verifier = TestClient.NewVerifier();

        var login = await here.FollowAsync("/authorize?" + app.AuthorizeQuery(verifier));
        Share(here, there);
        var consent = await there.SignInAsync(await there.FollowAsync(login.Url), alice);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        Share(there, here);
        var landed = await here.FollowAsync(await here.SubmitAsync(await here.FollowAsync(consent.Url), "decision", "allow"), consent.Url);

        var tokens = await app.At(twin).RedeemAsync(new Code(landed.Parameters["code"]!, verifier, Cast.Redirect));
        tokens.Should().HaveIssuedTokens();
        var next = await app.RefreshAsync(tokens.RefreshToken!);
        (await app.At(twin).RefreshAsync(tokens.RefreshToken!)).RefreshToken.Should().Be(next.RefreshToken, "the retry window is shared");
        (await api.SeesAsActiveAsync(next.AccessToken)).Should().BeTrue();
        (await app.At(twin).RevokeAsync(next.RefreshToken!)).Status.Should().Be(200);
        (await api.SeesAsActiveAsync(next.AccessToken)).Should().BeFalse();
        (await app.RefreshAsync(next.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Behaviour(26)]
    public async Task Both_hear_of_an_edit()
    {
        var machine = await Server.MachineAsync();
        foreach (var server in new[] { Server, twin }) (await machine.At(server).CredentialsAsync()).Should().HaveIssuedTokens();

        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { machine.Id });

        foreach (var server in new[] { Server, twin })
            await Eventually.BecomesTrueAsync(async () => (await machine.At(server).CredentialsAsync()).Status == 401);
    }

    [Test, Behaviour(11, 28)]
    public async Task A_key_made_on_one_is_published_by_the_other_before_it_signs()
    {
        var next = await Server.Get<KeyRing>().RotateAsync(CancellationToken.None);

        await Eventually.BecomesTrueAsync(async () => (await twin.GetAsync(Paths.Jwks)).Body.Contains(next!.Kid, StringComparison.Ordinal));
        Jwt.Read((await (await Server.MachineAsync()).CredentialsAsync()).AccessToken).Header["kid"]!.ToString()
            .Should().NotBe(next!.Kid, "it is pending");

        Server.Clock.Travel(KeyRing.NoticeOf(Server.Settings) + TimeSpan.FromSeconds(1));
        var token = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        Jwt.Read(token).Header["kid"]!.ToString().Should().Be(next!.Kid, "every verifier has had time to learn it");
        var published = (await twin.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray();
        Jwt.IsSignedBy(token, published.Single(key => key.GetProperty("kid").GetString() == next.Kid)).Should().BeTrue();
        (await (await Server.ResourceServerAsync()).At(twin).SeesAsActiveAsync(token)).Should().BeTrue();
    }

    private static void Share(Browser from, Browser to)
    {
        foreach (var (name, value) in from.Cookies) to.Cookies[name] = value;
    }
}
