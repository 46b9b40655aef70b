using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Limits;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Limits;

/// <summary>How often we fetch from one host that anybody may name.</summary>
public sealed class HostLimitTest
{
    private readonly Clock clock = new();

    [Test]
    public void The_limit_counts_every_minute_that_there_is()
    {
        var limit = new HostLimit(clock);
        int? Take(string host) => limit.Take(new Uri($"https://{host}/{Guid.NewGuid()}"), clock.GetUtcNow());
        for (var i = 0; i < HostLimit.PerMinute; i++) Take("a.example").Should().BeNull();
        Take("A.example").Should().Be(60);
        Take("b.example").Should().BeNull();
        clock.Travel(TimeSpan.FromSeconds(50));
        Take("a.example").Should().BeInRange(9, 10);
        clock.Travel(TimeSpan.FromSeconds(10));
        Take("a.example").Should().BeNull();
    }

    [Test]
    public void Neighbours_on_a_host_do_not_starve_a_document_that_was_good_ten_minutes_ago()
    {
        var limit = new HostLimit(clock);
        Uri Url(string path) => new($"https://shared.example/{path}");
        var goodAt = clock.GetUtcNow();
        clock.Travel(TimeSpan.FromMinutes(10));
        for (var i = 0; i < HostLimit.PerMinute; i++) limit.Take(Url($"{i}"), clock.GetUtcNow());
        limit.Take(Url("another"), clock.GetUtcNow()).Should().BePositive("the neighbours have used up the host's minute");

        limit.Take(Url("good"), goodAt).Should().BeNull("this one fetch is its own");
        limit.Take(Url("good"), goodAt).Should().BePositive("one fetch in ten minutes, also where it failed");
    }

    [Test]
    public void All_that_were_good_on_one_host_have_a_limit_together()
    {
        var (limit, goodAt) = (new HostLimit(clock), clock.GetUtcNow());
        clock.Travel(TimeSpan.FromMinutes(10));

        var taken = Enumerable.Range(0, 1000).Count(i => limit.Take(new Uri($"https://third.example/jwks?n={i}"), goodAt) is null);

        taken.Should().Be(HostLimit.OwnPerMinute + HostLimit.PerMinute);
    }

    [Test]
    public void A_flood_of_made_up_hosts_costs_little_and_stops_only_strangers()
    {
        var limit = new HostLimit(clock);
        var took = Stopwatch.StartNew();

        for (var i = 0; i < 200_000; i++) limit.Take(new Uri($"https://{i}.example/"), null);

        limit.Take(new Uri("https://new.example/"), null).Should().Be(60);
        limit.Take(new Uri("https://known.example/"), clock.GetUtcNow()).Should().BeNull();
        took.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
        clock.Travel(TimeSpan.FromSeconds(61));
        limit.Take(new Uri("https://new.example/"), null).Should().BeNull();
    }
}
