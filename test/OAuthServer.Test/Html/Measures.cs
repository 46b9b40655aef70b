using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace OAuthServer.Test.Html;

/// <summary>What can be measured on a page that a browser has laid out. All but axe does without the page's own scripts.</summary>
public static class Measures
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    // Hidden ones, and all but one of a group of radio buttons, are not reached by Tab.
    private const string Interactive =
        """
        const interactive = [...document.querySelectorAll(
            'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]')]
            .filter(one => one.checkVisibility() && !one.disabled && one.type !== 'hidden'
                && one.tabIndex >= 0 && (one.type !== 'radio' || one.checked));
        const name = one => one.outerHTML.replace(/\s+/g, ' ').slice(0, 120);
        """;

    /// <summary>WCAG 2.0, 2.1 and 2.2 at levels A and AA, as far as axe can judge: what it finds wrong.</summary>
    public static async Task<string[]> ViolationsAsync(IPage page)
    {
        await page.EvaluateAsync($"() => {{ {Axe} }}");
        return await RunAxeAsync(page, "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'] }");
    }

    /// <summary>WCAG 1.4.3: the same of the other colours, after <see cref="ViolationsAsync"/>; only they differ.</summary>
    public static async Task<string[]> ViolationsInTheDarkAsync(IPage page)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        return await RunAxeAsync(page, "{ type: 'rule', values: ['color-contrast'] }");
    }

    // The library's own call brings every passed check of every element back to us, which takes ten times as long as the checks.
    private static Task<string[]> RunAxeAsync(IPage page, string only) => page.EvaluateAsync<string[]>(
        $$"""
        async () => {
            const { violations } = await axe.run(document, { runOnly: {{only}}, resultTypes: ['violations'], preload: false });
            return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${rule.help}: ${node.html}`));
        }
        """);

    /// <summary>WCAG 1.4.10: elements that stick out to the side of a window this wide and high, the document first.</summary>
    public static async Task<string[]> StickingOutAsync(IPage page, int width, int height)
    {
        await page.SetViewportSizeAsync(width, height);
        return await page.EvaluateAsync<string[]>(
            """
            () => {
                const root = document.documentElement;
                if (root.scrollWidth <= root.clientWidth) return [];
                return [`${root.scrollWidth} px in ${root.clientWidth}`, ...[...document.body.querySelectorAll('*')]
                    .filter(one => { const box = one.getBoundingClientRect(); return box.right > root.clientWidth + .5 || box.left < -.5; })
                    .map(one => one.outerHTML.slice(0, 120))];
            }
            """);
    }

    /// <summary>
    /// Texts left in English on a page of another alphabet: two Latin words in a row, or nothing but Latin words. Names, codes and
    /// quotations stand in elements of their own.
    /// </summary>
    public static Task<string[]> EnglishAsync(IPage page) => page.EvaluateAsync<string[]>(
        """
        () => {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const found = [];
            while (texts.nextNode()) {
                const text = texts.currentNode.textContent.trim();
                if (!texts.currentNode.parentElement.closest('bdi, code, pre, .server, [dir=ltr]')
                    && (/[A-Za-z]{2,} +[A-Za-z]{2,}/.test(text) || /^[A-Za-z][A-Za-z ,.;:'-]+$/.test(text)))
                    found.push(text);
            }
            return found;
        }
        """);

    /// <summary>
    /// WCAG 2.5.8: what is to be pressed and smaller than 24 by 24 CSS pixels. Links within a sentence may be as low as it.
    /// </summary>
    public static Task<string[]> SmallTargetsAsync(IPage page) => page.EvaluateAsync<string[]>(
        $$"""
        () => {
            {{Interactive}}
            const inSentence = one => one.matches('a') && getComputedStyle(one).display === 'inline'
                && [...one.parentElement.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
            return interactive.filter(one => !inSentence(one))
                .map(one => [one, one.getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24)
                .map(([one, box]) => `${box.width} x ${box.height}: ${name(one)}`);
        }
        """);

    /// <summary>
    /// WCAG 2.1.1, 2.4.7, 1.4.11: what Tab does not reach, and what it reaches without an outline of 2 px that stands out 3:1 from
    /// its ground.
    /// </summary>
    public static async Task<string[]> UnfocusedAsync(IPage page)
    {
        var (all, shown, poor) =
            (await page.EvaluateAsync<string[]>($$"""() => { {{Interactive}} return interactive.map(name); }"""), new HashSet<int>(),
                new List<string>());
        // Twice around: the page may begin with the focus in its middle.
        for (var presses = 0; presses < (2 * all.Length) + 4 && shown.Count < all.Length; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            var focus = await page.EvaluateAsync<Focus>(
                $$"""
                () => {
                    {{Interactive}}
                    const at = document.activeElement, style = getComputedStyle(at);
                    const rgb = color => color.match(/[\d.]+/g).map(Number);
                    const light = color => {
                        const [r, g, b] = rgb(color).map(one => (one /= 255) <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
                        return .2126 * r + .7152 * g + .0722 * b;
                    };
                    let ground = at.parentElement;
                    while (ground && rgb(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
                    const [a, b] = [light(style.outlineColor), ground ? light(getComputedStyle(ground).backgroundColor) : 1]
                        .sort((x, y) => y - x);
                    return { index: interactive.indexOf(at), style: style.outlineStyle, width: parseFloat(style.outlineWidth),
                        contrast: (a + .05) / (b + .05) };
                }
                """);
            if (focus.Index < 0 || !shown.Add(focus.Index) || focus is { Style: not "none", Width: >= 2, Contrast: >= 3 }) continue;
            poor.Add($"{focus} {all[focus.Index]}");
        }

        return [.. poor, .. all.Where((_, index) => !shown.Contains(index)).Select(one => $"not reached: {one}")];
    }

    /// <summary>Where Tab has led, and how it is marked.</summary>
    private sealed record Focus
    {
        public int Index { get; init; }
        public string Style { get; init; } = "";
        public double Width { get; init; }
        public double Contrast { get; init; }
    }
}
