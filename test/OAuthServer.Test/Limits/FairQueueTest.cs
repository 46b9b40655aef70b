using System.Globalization;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Limits;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Limits;

[Behaviour(24), Parallelizable(ParallelScope.All)]
public sealed class FairQueueTest
{
    [Test]
    public async Task An_address_that_just_failed_waits_behind_others_although_very_many_addresses_failed_before_it()
    {
        var queue = new FairQueue(places: 1, mostWaiting: 10);
        for (var i = 0; i < FairQueue.MostAddresses - 1; i++) queue.Failed(HashLane.Clients, i.ToString(CultureInfo.InvariantCulture));
        queue.Failed(HashLane.Clients, "guesses");
        queue.Failed(HashLane.Clients, "one more");
        await TakeAsync("first");
        var guesses = TakeAsync("guesses");
        var honest = TakeAsync("honest");

        queue.Release();

        (await honest).Should().BeTrue();
        guesses.IsCompleted.Should().BeFalse("its failure is remembered");
        queue.Release();
        (await guesses).Should().BeTrue();

        Task<bool> TakeAsync(string address) => queue.TakeAsync(HashLane.Clients, address, TimeSpan.FromMinutes(1), CancellationToken.None);
    }
}
