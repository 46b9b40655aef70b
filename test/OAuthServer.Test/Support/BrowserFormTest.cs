using FluentAssertions;
using NUnit.Framework;

namespace OAuthServer.Test.Support;

/// <summary>WHATWG HTML, "Constructing the entry list": what other tests submit is what a browser would.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class BrowserFormTest
{
    private const string Page = """
        <!DOCTYPE html><title>t</title>
        <form action="/first"><button name="other" value="1">Other</button></form>
        <form method="post" action="/second?a=1&amp;b=2">
        <input type="hidden" name="hidden" value="&quot;h&quot; &lt;b&gt;">
        <input name="bare" value=plain><input name='single' value='a > b'><input name="off" value="x" disabled><input value="nameless">
        <input type="checkbox" name="on" checked><input type="checkbox" name="ticked" value="yes" checked>
        <input type="checkbox" name="unticked" value="yes">
        <input type="radio" name="one" value="a"><input type="radio" name="one" value="b" checked>
        <textarea name="text">
        first &amp; second
        </textarea>
        <select name="choice"><option value="x">X<option value="y" selected>Y</select>
        <select name="first"><option value="p">P<option value="q">Q</select>
        <!-- <input name="commented" value="out"> -->
        <fieldset disabled><input name="fieldset" value="x"></fieldset>
        <input type="submit" name="send" value="Send"><button name="decision" value="allow">Allow</button>
        </form>
        <input name="outside" value="x">
        """;

    [Test]
    public void Only_what_a_browser_submits_is_in_the_form()
    {
        var form = Browser.Form.On(Page, "decision", "allow")!;

        form.Action.Should().Be("/second?a=1&b=2");
        form.Fields.Select(field => (field.Key, field.Value)).Should().Equal(
            ("hidden", "\"h\" <b>"), ("bare", "plain"), ("single", "a > b"), ("on", "on"), ("ticked", "yes"), ("one", "b"),
            ("text", "first & second\n"), ("choice", "y"), ("first", "p"));
    }

    [Test]
    public void A_form_is_found_by_its_button_or_by_where_it_goes()
    {
        Browser.Form.On(Page, null, null)!.Action.Should().Be("/first");
        Browser.Form.On(Page, "other", null)!.Action.Should().Be("/first");
        Browser.Form.On(Page, "decision", "deny").Should().BeNull();
        Browser.Form.To(Page, "/second?a=1&b=2")!.Fields.Should().HaveCount(9);
        Browser.Form.To(Page, "/third").Should().BeNull();
    }
}
