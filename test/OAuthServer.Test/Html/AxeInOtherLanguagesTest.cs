using FluentAssertions;
using FluentAssertions.Execution;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>
/// What axe says of pages that are read from the right: of those that differ most, since each of their parts is on many others.
/// </summary>
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class AxeInOtherLanguagesTest
{
    private static readonly string[] Differing =
        ["consent", "connected apps, one", "dashboard", "user-facing client", "client, edited by two", "audit", "a person",
            "playground, the whole way", "error, with a way back"];

    private static IEnumerable<object[]> Pages =>
        from language in Language.All
        where language != Language.English
        from name in Differing
        select new object[] { PageTour.Cases.Single(pageCase => pageCase.Name == name), language.Code };

    [TestCaseSource(nameof(Pages))]
    [Case("UI-045")]
    public async Task Axe_finds_nothing_wrong_there_either(PageCase pageCase, string code)
    {
        await using var judge =
            await BrowserSession.OpenAsync(PagesSetUp.PageFixture, pageCase,
                new Look { Scripts = true, WithoutPolicy = true, Language = code });
        using var scope = new AssertionScope(pageCase.Name);

        (await judge.Page.Locator("html").GetAttributeAsync("lang")).Should().Be(code);
        (await Measures.ViolationsAsync(judge.Page)).Should().BeEmpty();
        (await Measures.ViolationsInTheDarkAsync(judge.Page)).Should().BeEmpty();
    }
}
