using CsCheck;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Limits;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Limits;

[Behaviour(39), Parallelizable(ParallelScope.All)]
public sealed class CacheTest
{
    [Test]
    public void A_full_cache_deletes_the_least_recently_used_and_nothing_else()
    {
        var cache = new Cache<string, int>(3);
        foreach (var (value, key) in new[] { "a", "b", "c" }.Index()) cache.Set(key, value);
        cache.TryGet("a", out _).Should().BeTrue("reading counts as use");

        cache.Set("d", 3);

        cache.TryGet("b", out _).Should().BeFalse();
        foreach (var (key, value) in new[] { ("a", 0), ("c", 2), ("d", 3) })
        {
            cache.TryGet(key, out var found).Should().BeTrue();
            found.Should().Be(value);
        }

        cache.Count.Should().Be(3);
    }

    [Test]
    public void A_value_set_again_takes_the_place_of_the_old_one()
    {
        var cache = new Cache<string, int>(2);
        foreach (var (key, value) in new[] { ("a", 1), ("b", 1), ("a", 2), ("c", 1) }) cache.Set(key, value);

        cache.TryGet("b", out _).Should().BeFalse("a was used after it");
        cache.TryGet("a", out var found).Should().BeTrue();
        found.Should().Be(2);
        cache.Count.Should().Be(2);
    }

    [Test]
    public void An_idle_value_is_deleted_by_the_next_use_of_another()
    {
        var clock = new Clock();
        var cache = new Cache<string, int>(10, TimeSpan.FromMinutes(1), clock);
        cache.Set("idle", 1);
        cache.Set("in use", 1);
        clock.Travel(TimeSpan.FromSeconds(40));
        cache.TryGet("in use", out _).Should().BeTrue();
        clock.Travel(TimeSpan.FromSeconds(40));

        cache.TryGet("in use", out _).Should().BeTrue();

        cache.Count.Should().Be(1);
    }

    [Test]
    public void What_is_removed_or_cleared_is_not_found()
    {
        var cache = new Cache<string, int>(10);
        foreach (var key in new[] { "a", "b", "c" }) cache.Set(key, 1);

        cache.Remove("a");
        cache.Remove("never there");

        cache.TryGet("a", out _).Should().BeFalse();
        cache.Count.Should().Be(2);
        cache.Clear();
        cache.TryGet("b", out _).Should().BeFalse();
        cache.Count.Should().Be(0);
    }

    [Test]
    public void Many_threads_at_once_leave_it_whole_and_bounded()
    {
        var cache = new Cache<int, int>(100);

        Parallel.For(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            cache.Set(i % 150, i % 150);
            if (cache.TryGet(i % 70, out var found)) found.Should().Be(i % 70);
            if (i % 7 == 0) cache.Remove(i % 150);
        });

        for (var i = 0; i < 150; i++) cache.Set(1000 + i, i);
        cache.Count.Should().Be(100);
    }

    [Test]
    public void Any_uses_leave_what_a_list_in_order_of_use_would_hold() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 6]).Array[0, 40].Sample(uses =>
        {
            const int most = 4;
            var cache = new Cache<int, int>(most);
            var model = new List<int>();
            foreach (var (use, key) in uses)
            {
                var known = model.Remove(key);
                if (use == 2)
                {
                    cache.Remove(key);
                    continue;
                }

                if (use == 1 && cache.TryGet(key, out _) != known) return false;
                if (use == 0) cache.Set(key, key);
                if (use == 0 || known) model.Add(key);
                if (model.Count > most) model.RemoveAt(0);
            }

            return cache.Count == model.Count && model.All(key => cache.TryGet(key, out var value) && value == key);
        }, iter: 2000);
}
