using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>Under all tests of pages: one world for those who only look around, and the browser, which is closed after them.</summary>
[SetUpFixture]
public sealed class PagesSetUp
{
    public static PageFixture PageFixture { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task LayAsync() => PageFixture = await PageFixture.MakeAsync();

    [OneTimeTearDown]
    public async Task ClearAsync()
    {
        await Chromium.CloseAsync();
        if (PageFixture is not null) await PageFixture.DisposeAsync();
    }
}
