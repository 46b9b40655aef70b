using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>Under all tests of pages: one world for those who only look around, and the browser, which is closed after them.</summary>
[SetUpFixture]
public sealed class Ground
{
    public static World World { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task LayAsync() => World = await World.MakeAsync();

    [OneTimeTearDown]
    public async Task ClearAsync()
    {
        await Chromium.CloseAsync();
        if (World is not null) await World.DisposeAsync();
    }
}
