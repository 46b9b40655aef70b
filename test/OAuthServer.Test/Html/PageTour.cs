using OAuthServer.Test.Playground;

namespace OAuthServer.Test.Html;

/// <summary>Who walks. All but nobody have signed in at /login before.</summary>
public enum PageViewer
{
    Nobody,
    Alice,
    Mallory,

    /// <summary>The administrator.</summary>
    Olivia,

    /// <summary>Another administrator, who signed in an hour ago.</summary>
    Oscar,
}

/// <summary>A page, and how a person comes to it.</summary>
/// <param name="Path">Where the walk ends, without the query.</param>
/// <param name="Open">Opens, types and presses; see <see cref="BrowserSession"/>.</param>
/// <param name="Status">With which answer it ends.</param>
public sealed record PageCase(string Name, PageViewer Viewer, string Path, Func<BrowserSession, Task> Open, int Status = 200)
{
    public override string ToString() => Name;
}

/// <summary>Every page there is. A line here, and all tests of pages are about it.</summary>
public static class PageTour
{
    public static IReadOnlyList<PageCase> Cases { get; } =
        [.. AccountPageTour.Cases, .. AdminPageTour.Cases, .. CompanyPageTour.Cases, .. PlaygroundPageTour.Cases];
}
