using FluentAssertions;
using FluentAssertions.Execution;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>WCAG 2.2 AA on one page of the table, reached and measured with scripts switched off.</summary>
[TestFixtureSource(typeof(PageTour), nameof(PageTour.Cases))]
[Category("Walk"), Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class EveryPageTest(PageCase pageCase)
{
    private BrowserSession visitor = null!;

    [OneTimeSetUp]
    public async Task OpenAsync() => visitor = await BrowserSession.OpenAsync(PagesSetUp.PageFixture, pageCase, new Look());

    [OneTimeTearDown]
    public async Task LeaveAsync()
    {
        if (visitor is not null) await visitor.DisposeAsync();
    }

    [Test, Case("UI-045")]
    public async Task A_page_says_in_its_title_and_one_heading_what_it_is()
    {
        (await visitor.Page.TitleAsync()).Split('·')[0].Trim().Should().NotBeEmpty();
        (await visitor.Page.Locator("h1").AllInnerTextsAsync()).Should().ContainSingle().Which.Should().NotBeNullOrWhiteSpace();
        (await visitor.Page.Locator("main").CountAsync()).Should().Be(1);
    }

    [Test, Case("UI-045")]
    public async Task No_heading_skips_a_level()
    {
        var levels = (await visitor.Page.Locator("h1, h2, h3, h4, h5, h6").EvaluateAllAsync<string[]>("all => all.map(one => one.tagName)"))
            .Select(tag => tag[1] - '0').ToList();

        levels.Zip(levels.Skip(1)).Where(pair => pair.Second > pair.First + 1).Should().BeEmpty(string.Join(' ', levels));
    }

    [TestCase(320, 800, TestName = "Nothing_sticks_out_at_320_pixels"),
        TestCase(320, 256, TestName = "Nothing_sticks_out_at_four_times_the_size")]
    [Test, Case("UI-045")]
    public async Task Nothing_sticks_out_of(int width, int height) => (
        await Measures.StickingOutAsync(visitor.Page, width, height)).Should().BeEmpty();

    [Test, Case("UI-045")]
    public async Task Everything_that_can_be_pressed_is_large_enough_for_a_finger()
    {
        foreach (var width in new[] { 320, 1024 })
        {
            await visitor.Page.SetViewportSizeAsync(width, 800);
            (await Measures.SmallTargetsAsync(visitor.Page)).Should().BeEmpty($"at {width} px");
        }
    }

    [Test, Case("UI-045")]
    public async Task Tab_reaches_everything_and_shows_where_it_is() => (await Measures.UnfocusedAsync(visitor.Page)).Should().BeEmpty();

    [Test, Case("UI-045")]
    public async Task Axe_finds_nothing_wrong_in_light_or_dark()
    {
        // Axe is a script: it may run where our policy is put aside.
        await using var judge =
            await BrowserSession.OpenAsync(PagesSetUp.PageFixture, pageCase, new Look { Scripts = true, WithoutPolicy = true });

        (await Measures.ViolationsAsync(judge.Page)).Should().BeEmpty();
        (await Measures.ViolationsInTheDarkAsync(judge.Page)).Should().BeEmpty();
    }

    private static IEnumerable<string> Others => Language.All.Select(language => language.Code).Where(
        code => code != Language.English.Code);

    [TestCaseSource(nameof(Others))]
    [Case("UI-045")]
    public async Task A_page_is_as_good_in_another_language_and_in_the_dark(string code)
    {
        await using var reader =
            await BrowserSession.OpenAsync(PagesSetUp.PageFixture, pageCase, new Look { Language = code, Dark = true });
        using var scope = new AssertionScope(pageCase.Name);

        (await reader.Page.Locator("html").GetAttributeAsync("lang")).Should().Be(code);
        (await reader.Page.Locator("html").EvaluateAsync<string>("root => getComputedStyle(root).direction"))
            .Should().Be(Language.All.Single(one => one.Code == code).Direction);
        (await Measures.EnglishAsync(reader.Page)).Should().BeEmpty();
        (await Measures.UnfocusedAsync(reader.Page)).Should().BeEmpty();
        (await Measures.StickingOutAsync(reader.Page, 320, 256)).Should().BeEmpty();
    }
}
