using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What a key set that does not end costs; alone, since memory is everybody's.</summary>
[Behaviour(43), NonParallelizable]
public sealed class ClientKeySetMemoryTest : ServerFixture
{
    private const int Megabyte = 1 << 20;
    private static readonly byte[] Blank = [.. Enumerable.Repeat((byte)' ', Megabyte)];
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [TestCase(100, true), TestCase(100, false), TestCase(int.MaxValue, false)]
    [Case("PKJ-122")]
    public async Task A_key_set_of_100_MB_or_without_an_end_is_not_read(int megabytes, bool lengthIsSaid)
    {
        // What is made once is behind us.
        await RefusedAsync(1, true);
        var (before, resident) = (GC.GetTotalAllocatedBytes(true), Environment.WorkingSet);

        await RefusedAsync(megabytes, lengthIsSaid);

        var (made, grown) = (GC.GetTotalAllocatedBytes(true) - before, Environment.WorkingSet - resident);
        TestContext.Out.WriteLine($"allocated {made / Megabyte} MB, working set {grown / Megabyte} MB more");
        (made / Megabyte).Should().BeLessThan(48, "of eight requests, their host and its TLS");
        (grown / Megabyte).Should().BeLessThan(64);
    }

    private async Task RefusedAsync(int megabytes, bool lengthIsSaid)
    {
        var host = await outside.HostAsync(async http =>
        {
            http.Response.ContentType = "application/json";
            if (lengthIsSaid) http.Response.ContentLength = (long)megabytes * Megabyte;
            for (var i = 0; i < megabytes && !http.RequestAborted.IsCancellationRequested; i++)
                await http.Response.Body.WriteAsync(Blank, http.RequestAborted);
        });
        var client = await Server.KeyClientAsync(jwksUri: host.Url("/jwks"));

        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.CredentialsAsync())))
            reply.Should().BeRefusedWith("temporarily_unavailable");
    }
}
