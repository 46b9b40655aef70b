using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Limits;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Limits;

[Behaviour(24), Parallelizable(ParallelScope.All)]
public sealed class FailureLimitTest
{
    [Test]
    public async Task Used_up_failures_stay_used_up_until_a_whole_one_is_regained()
    {
        using var limit = new FailureLimit(10, TimeSpan.FromMinutes(1));
        for (var i = 0; i < 10; i++)
        {
            limit.Exhausted("mallory").Should().BeFalse();
            limit.Count("mallory");
        }

        for (var i = 0; i < 10; i++)
        {
            limit.Exhausted("mallory").Should().BeTrue("a sixth of a second gives back nothing of one failure per six");
            await Task.Delay(50);
        }

        limit.Exhausted("alice").Should().BeFalse();
        limit.RetryAfter.Should().Be(6);
    }

    [TestCase("192.0.2.1", "192.0.2.2", false)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true, Description = "one /64, one subscriber")]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void Addresses_are_counted_by_subscriber(string one, string other, bool same) =>
        (FailureLimit.Subscriber(one) == FailureLimit.Subscriber(other)).Should().Be(same);

    [Test]
    public void An_attempt_refused_for_its_address_leaves_no_trace_of_the_name_it_came_with()
    {
        using var limit = new FailureLimit(1, TimeSpan.FromMinutes(1));
        using var first = limit.Begin("a", "x a");
        using var refused = limit.Begin("a", "y a");
        using var other = limit.Begin("b", "y a");

        refused.TooMany.Should().BeTrue();
        other.TooMany.Should().BeFalse("the refused attempt did not count against the name");
        FailureLimit.Pair(new string('x', 60_000), "a").Length.Should().BeLessThan(100, "what is counted is remembered");
    }
}
