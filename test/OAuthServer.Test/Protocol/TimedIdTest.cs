using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Protocol;

/// <summary>Identifiers that carry their time.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TimedIdTest
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 34, 56, 789, TimeSpan.Zero);

    [Test]
    public void A_request_id_and_a_jti_carry_their_millisecond()
    {
        TimedId.TimeOf(TimedId.NewRequestId(Now.AddMicroseconds(999))).Should().Be(Now);
        TimedId.TimeOf(TimedId.NewJti(Now)).Should().Be(Now);
        TimedId.NewRequestId(Now).Should().MatchRegex("^A[A-Za-z0-9_-]{19}$", "a command takes it for no option");
        TimedId.NewJti(Now).Should().MatchRegex("^[A-Za-z0-9_-]{22}$");
    }

    [Test]
    public void Two_of_one_millisecond_share_nothing_but_their_time() =>
        Enumerable.Range(0, 10_000).Select(_ => TimedId.NewRequestId(Now)[8..]).Should().OnlyHaveUniqueItems();

    [Test]
    public void An_id_of_plain_SQL_carries_its_time_too() =>
        TimedId.TimeOf($"sql-{Now.ToUnixTimeMilliseconds():x12}-4711").Should().Be(Now);

    [TestCase(""), TestCase("A"), TestCase("no-such-request"), TestCase("________________________"), TestCase("sql-"), TestCase("sql-4711"),
     TestCase("sql-xyzxyzxyzxyz-1"), TestCase("AAAAAAAAAAAAAAAAAAAA"), TestCase("Äöü§$%&/()=?Äöü§$%&/()"),
         TestCase("\ud800\ud800\ud800\ud800\ud800\ud800\ud800\ud800")]
    public void An_id_without_a_time_is_recognised(string id) => TimedId.TimeOf(id).Should().BeNull();
}
