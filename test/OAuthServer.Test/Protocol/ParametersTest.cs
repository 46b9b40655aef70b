using CsCheck;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(9), Parallelizable(ParallelScope.All)]
public sealed class ParametersTest
{
    private static Parameters Of(params (string, string)[] pairs) => new(pairs);

    [Test, Rfc(6749, "3.1")]
    public void An_empty_value_is_an_absent_one()
    {
        Of(("a", ""))["a"].Should().BeNull();
        Of()["a"].Should().BeNull();
        Of(("a", " "))["a"].Should().Be(" ");
    }

    [Test, Rfc(6749, "3.1")]
    public void Names_are_compared_in_their_case()
    {
        Of(("Code", "x"))["code"].Should().BeNull();
        Of(("Code", "x"), ("code", "y")).Problem().Should().BeNull();
    }

    [Test, Rfc(6749, "3.2")]
    public void A_repeated_parameter_is_a_problem_even_when_empty_or_equal()
    {
        Of(("a", "x"), ("a", "x")).Problem()!.Code.Should().Be("invalid_request");
        Of(("a", "x"), ("a", "")).Repeated.Should().Be("a");
        Of(("a", ""), ("a", "")).IsRepeated("a").Should().BeTrue();
        Of(("a", "x"), ("b", "x")).Problem().Should().BeNull();
    }

    [Test, Rfc(8707, "2")]
    public void Only_resource_may_come_more_than_once()
    {
        var parameters = Of(("resource", "one"), ("resource", ""), ("resource", "two"));

        parameters.Problem().Should().BeNull();
        parameters.Resources.Should().Equal("one", "two");
    }

    [TestCase("\0")]
    [TestCase("a\0b")]
    [TestCase("\ud800")]
    [TestCase("\udc00\ud800")]
    [TestCase("x\ud800y")]
    [TestCase("\ufffd")]
    [Rfc(6749, "B")]
    public void Text_that_no_database_could_hold_is_a_problem(string text)
    {
        Of(("a", text)).Malformed.Should().Be("a");
        Of((text, "a")).Malformed.Should().Be("?", "a name that is no text goes into no log");
        Of(("a", text)).Problem()!.Description.Should().Be("A parameter is malformed");
    }

    [TestCase("ä")]
    [TestCase("😀")]
    [TestCase("\u0001")]
    [TestCase("\uffff")]
    public void Any_other_text_is_none(string text) => Of(("a", text)).Problem().Should().BeNull();

    [Test, Rfc(6749, "4.1.1")]
    public void A_query_is_decoded_once()
    {
        var parameters = Parameters.OfQuery("?a=1%2B1&b=x+y&c=%2541&d&e=&f==&&client_id=%C3%A4");

        parameters["a"].Should().Be("1+1");
        parameters["b"].Should().Be("x y");
        parameters["c"].Should().Be("%41");
        parameters["d"].Should().BeNull();
        parameters["e"].Should().BeNull();
        parameters["f"].Should().Be("=");
        parameters["client_id"].Should().Be("ä");
    }

    [Test, Rfc(6749, "B")]
    public void Any_text_comes_out_of_a_query_as_it_was_encoded() =>
        Any.Text.Where(text => text.Length > 0).Array[0, 5].Sample(texts =>
        {
            var query = string.Join('&', texts.Select((text, i) => $"{i}{Uri.EscapeDataString(text)}={Uri.EscapeDataString(text)}"));
            var parameters = Parameters.OfQuery(query);
            return parameters.Problem() is null && texts.Index().All(one => parameters[$"{one.Index}{one.Item}"] == one.Item);
        }, iter: 500);

    [Test, Rfc(6749, "B")]
    public void Any_query_is_read_and_only_text_passes() =>
        Gen.OneOf(Any.Utf16, Any.Of("a", "=", "&", "+", "%", "%00", "%ED%A0%80", "%FF", "resource", "state", "?", "\uD800")).Sample(query =>
        {
            var parameters = Parameters.OfQuery(query);
            var values = parameters.All.SelectMany(one => new[] { one.Key, one.Value }).Concat(parameters.Resources);
            return parameters.Malformed is not null || values.All(IsText);
        }, iter: 2000);

    [Test, Rfc(6749, "3.2"), Rfc(8707, "2")]
    public void A_name_is_repeated_exactly_when_it_came_twice() =>
        Gen.Select(Gen.OneOf("a", "b", "A", "resource"), Gen.OneOf("", "x")).Array[0, 6].Sample(pairs =>
        {
            var parameters = new Parameters(pairs);
            return new[] { "a", "b", "A", "resource" }.All(name =>
                parameters.IsRepeated(name) == (name != "resource" && pairs.Count(pair => pair.Item1 == name) > 1));
        }, iter: 500);

    private static bool IsText(string text)
    {
        try { return !text.Contains('\0') && new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text) >= 0; }
        catch (System.Text.EncoderFallbackException) { return false; }
    }
}
