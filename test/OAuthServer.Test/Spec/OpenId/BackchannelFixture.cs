using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthServer.Logout;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>Apps that are told of the end of sign-ins, at addresses of their own.</summary>
public abstract class BackchannelFixture : EndSessionFixture
{
    protected FakeInternet Outside { get; } = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(Outside.Network);

    /// <summary>An app that is told at a host of its own.</summary>
    /// <param name="statuses">What it answers, one after the other; the last for good.</param>
    protected async Task<Receiver> ReceiverAsync(params int[] statuses)
    {
        var receiver = new Receiver(await AppAsync(), statuses);
        var host = await Outside.HostAsync(receiver.AnswerAsync);
        (receiver.Url, receiver.Requests) = (host.Url("/logout"), host.Requests);
        await Server.ExecuteAsync("update clients set backchannel_logout_uri = @Url where client_id = @id",
            new { receiver.Url, id = receiver.App.Id });
        return receiver;
    }

    /// <summary>Somebody signs in, and the app gets an id_token of it.</summary>
    protected async Task<SignedIn> SignInAtAsync(Receiver receiver, Browser? browser = null)
    {
        var one = await SignInAsync(receiver.App, browser);
        await IdTokenAsync(one);
        return one;
    }

    /// <summary>The person signs out by themselves.</summary>
    protected static async Task<Reply> SignOutAsync(SignedIn one) =>
        await one.Browser.SubmitAsync(await one.Browser.FollowAsync(Paths.Logout));

    protected Task<List<Delivery>> DeliveriesAsync(Guid sid) => Server.QueryAsync<Delivery>(
        "select client_id, subject, attempts, outcome, answer, due_at from logout_deliveries where sid = @sid order by queued_at",
        new { sid });

    /// <summary>Waits until so many attempts were made and none is under way.</summary>
    protected Task AttemptedAsync(Guid sid, int attempts) => Eventually.BecomesTrueAsync(async () =>
    {
        Server.Get<LogoutDeliveries>().Wake();
        return await Server.ScalarAsync<long>(
            "select count(*) from logout_deliveries where sid = @sid and attempts = @attempts and attempting_until is null",
            new { sid, attempts }) == 1;
    });

    protected sealed record Delivery
    {
        public required string ClientId { get; init; }
        public required Guid Subject { get; init; }
        public required int Attempts { get; init; }
        public required string? Outcome { get; init; }
        public required string? Answer { get; init; }
        public required DateTimeOffset? DueAt { get; init; }
    }

    protected sealed class Receiver(TestClient app, int[] statuses)
    {
        private int answered;
        private int atOnce;

        public TestClient App => app;
        public string Url { get; set; } = "";

        /// <summary>Every path it was called at.</summary>
        public IEnumerable<string> Requests { get; set; } = [];

        /// <summary>What it got, in order.</summary>
        public ConcurrentQueue<Dictionary<string, string>> Forms { get; } = [];

        /// <summary>How many requests it had at the same moment, at most.</summary>
        public int MostAtOnce { get; private set; }
        public Func<HttpContext, Task> Before { get; set; } = _ => Task.CompletedTask;

        public IEnumerable<Jwt> Tokens => Forms.Select(form => Jwt.Read(form["logout_token"]));

        public async Task AnswerAsync(HttpContext http)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref atOnce));
            try
            {
                var form = await http.Request.ReadFormAsync();
                Forms.Enqueue(form.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()));
                await Before(http);
                http.Response.StatusCode = statuses.Length == 0 ? 200
                    : statuses[Math.Min(Interlocked.Increment(ref answered), statuses.Length) - 1];
                if (http.Response.StatusCode == 302) http.Response.Headers.Location = "http://169.254.169.254/";
                if (http.Response.StatusCode == 303) http.Response.Headers.Location = "/elsewhere";
            }
            finally
            {
                Interlocked.Decrement(ref atOnce);
            }
        }
    }
}
