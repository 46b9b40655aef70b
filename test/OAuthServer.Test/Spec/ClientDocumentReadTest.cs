using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(18)]
public sealed class ClientDocumentReadTest
{
    private const string Url = "https://app.example/client.json";

    [Test, Case("CIMD-033")]
    [TestCase("https://app.example/client.jso"), TestCase("https://app.example/client.json/"),
        TestCase("https://app.example:443/client.json"), TestCase("https://APP.example/client.json")]
    [TestCase("https://app.example/Client.json"), TestCase("https://app.example/client%2Ejson"), TestCase("http://app.example/client.json"),
        TestCase(" https://app.example/client.json"), TestCase("")]
    public void Client_id_is_the_url_octet_by_octet(string id) => Refused(
        $$"""{"client_id":"{{id}}","client_name":"App","redirect_uris":["https://app.example/cb"]}""");

    [Test, Case("CIMD-034")]
    [TestCase("\"client_secret\":\"s\""), TestCase("\"client_secret_expires_at\":0")]
    [TestCase("\"token_endpoint_auth_method\":\"client_secret_basic\""), TestCase("\"token_endpoint_auth_method\":\"client_secret_post\""),
        TestCase("\"token_endpoint_auth_method\":\"client_secret_jwt\"")]
    [TestCase("\"token_endpoint_auth_method\":\"private_key_jwt\",\"jwks_uri\":\"http://app.example/jwks\""),
        TestCase("\"token_endpoint_auth_method\":\"NONE\"")]
    [TestCase("\"token_endpoint_auth_method\":[\"none\"]"), TestCase("\"token_endpoint_auth_methods_supported\":\"none\""),
        TestCase("\"token_endpoint_auth_methods_supported\":[null]")]
    [TestCase("\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]"),
        TestCase("\"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\"]")]
    [TestCase("\"token_endpoint_auth_method\":\"none\",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]")]
    [TestCase("\"token_endpoint_auth_method\":\"client_secret_post\",\"token_endpoint_auth_methods_supported\":[\"none\"]")]
    public void No_secret_and_no_method_that_proves_anything(string member) => Refused(With(member));

    [TestCase(
        "\"token_endpoint_auth_method\":\"private_key_jwt\",\"token_endpoint_auth_methods_supported\":[\"none\",\"private_key_jwt\"],"
            + "\"jwks_uri\":\"https://app.example/jwks\"")]
    [TestCase("\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\",\"none\"]"),
        TestCase("\"token_endpoint_auth_methods_supported\":[]")]
    [TestCase("\"token_endpoint_auth_method\":\"none\",\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]")]
    [TestCase("\"token_endpoint_auth_method\":\"private_key_jwt\",\"jwks_uri\":\"https://app.example/jwks\"")]
    public void One_method_we_take_suffices_among_those_it_offers(string member) => Taken(With(member)).RedirectUris.Should().Equal(
        "https://app.example/cb");

    [TestCase("client_secret"), TestCase("client_secret_expires_at"), TestCase("token_endpoint_auth_method"),
        TestCase("token_endpoint_auth_methods_supported"), TestCase("grant_types")]
    [TestCase("policy_uri"), TestCase("tos_uri")]
    [TestCase("response_types"), TestCase("jwks"), TestCase("jwks_uri"), TestCase("logo_uri"), TestCase("scope")]
    public void A_member_that_is_null_is_absent(string member)
    {
        var (with, without) = (Taken(With($"\"{member}\":null")), Taken(With("\"x\":1")));

        with.Should().BeEquivalentTo(without, it => it.Excluding(document => document.BodyHash));
    }

    [TestCase("https://app.example/cb#f"), TestCase("https://*.example/cb"), TestCase("https://u:p@app.example/cb"),
        TestCase("http://app.example/cb"), TestCase("myapp:/cb")]
    [TestCase("https://203.0.113.7/cb"), TestCase("/cb"), TestCase(""), TestCase("javascript:alert(1)"),
        TestCase("https://app.example/\\u0000"), TestCase("https://app.example/ö")]
    public void A_redirect_uri_that_is_unusable_is_ignored_beside_a_usable_one(string redirect)
    {
        var document = Taken(With("\"x\":1").Replace("[\"https://app.example/cb\"]", $"[\"{redirect}\",\"https://app.example/cb\"]"));

        document.RedirectUris.Should().Equal("https://app.example/cb");
        document.TrustHash.Should().Equal(Taken(With("\"x\":1")).TrustHash, "people allowed nothing that rests on it");
    }

    [TestCase("\"http://app.example/policy\""), TestCase("\"javascript:alert(1)\""), TestCase("\"/policy\""), TestCase("\"\""),
        TestCase("\"https://localhost/policy\""), TestCase("\"https://u:p@app.example/policy\""), TestCase("\"\\ud800\"")]
    [TestCase("\"https://app.example/\\u0000\""), TestCase("7"), TestCase("{}"), TestCase("[\"https://app.example/policy\"]")]
    public void A_privacy_policy_or_terms_that_nobody_could_open_are_ignored(string uri)
    {
        var document = Taken(With($"\"policy_uri\":{uri},\"tos_uri\":{uri}"));

        (document.PolicyUri, document.TosUri).Should().Be((null, null));
        Taken(With($"\"policy_uri\":\"https://app.example/policy\",\"tos_uri\":{uri}")).PolicyUri.Should()
            .Be("https://app.example/policy");
    }

    [Test]
    public void A_document_stored_without_its_pages_is_stored_anew()
    {
        var body = With("\"policy_uri\":\"https://app.example/policy\"");

        Taken(body).BodyHash.Should().NotEqual(SHA256.HashData(Encoding.UTF8.GetBytes(body + "https://app.example/cb")),
            "servers before the pages were kept wrote this hash");
    }

    [Test]
    public void A_setting_that_changes_what_is_usable_makes_it_another_document()
    {
        var body = Encoding.UTF8.GetBytes(With("\"x\":1").Replace("[", "[\"myapp:/cb\","));
        ClientDocument.Read(Url, body, Capabilities.BuiltIn, new Settings()).Refused(out _, out var before).Should().BeFalse();
        ClientDocument.Read(Url, body, Capabilities.BuiltIn, new Settings { RegistrationSchemes = "myapp" }).Refused(out _, out var after)
            .Should().BeFalse();

        after!.RedirectUris.Should().Contain("myapp:/cb");
        after.BodyHash.Should().NotEqual(before!.BodyHash, "else the row would stay as it is");
    }

    [Test, Case("CIMD-031")]
    [TestCase(""), TestCase("null"), TestCase("[]"), TestCase("\"x\""), TestCase("{"), TestCase("{} {}"),
        TestCase("{\"client_id\":\"https://app.example/client.json\",}")]
    [TestCase("<html></html>"), TestCase("{/*c*/}"), TestCase("{'client_id':1}")]
    public void A_body_that_is_not_one_object_is_refused(string body) => Refused(body);

    [Test, Case("CIMD-031")]
    [TestCase("\"client_id\":\"https://evil.example/c\""), TestCase("\"client\\u005fname\":\"Bank\""),
        TestCase("\"redirect_uris\":[\"https://evil.example/cb\"]"), TestCase("\"x\":1,\"x\":1")]
    [TestCase("\"jwks\":{\"keys\":[],\"keys\":[]}"), TestCase("\"\\ud800\":1"), TestCase("\"x\":[[[[[[[[[[]]]]]]]]]]")]
    public void No_member_comes_twice_and_nothing_is_deep_or_broken(string member) => Refused(With(member));

    [TestCase("""{"client_name":"App","redirect_uris":["https://app.example/cb"]}""", TestName = "no client_id")]
    [TestCase("""{"client_id":"https://app.example/client.json","redirect_uris":["https://app.example/cb"]}""",
        TestName = "no client_name")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"App"}""", TestName = "no redirect_uris")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":null,"redirect_uris":["https://app.example/cb"]}""",
        TestName = "null name")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"  ","redirect_uris":["https://app.example/cb"]}""",
        TestName = "blank name")]
    [TestCase(
        """{"client_id":"https://app.example/client.json","client_name":"\u202e\u200b\u3164","redirect_uris":["https://app.example/cb"]}""",
        TestName = "name of nothing visible")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"\ud800","redirect_uris":["https://app.example/cb"]}""",
        TestName = "name with half a character")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":[]}""",
        TestName = "empty redirect_uris")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":"https://app.example/cb"}""",
        TestName = "redirect_uris as text")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":[null]}""", TestName = "null redirect")]
    [TestCase("""{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":["https://app.example/\u0000"]}""",
        TestName = "redirect with NUL")]
    [TestCase(
        """{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":["https://app.example"""
            + """/1","https://app.example/2","https://app.example/3","https://app.example/4","https://app.example"""
            + """/5","https://app.example/6","https://app.example/7","https://app.example/8","https://app.example"""
            + """/9","https://app.example/10","https://app.example/11"]}""",
        TestName = "eleven redirects")]
    [TestCase("""{"client_id":["https://app.example/client.json"],"client_name":"App","redirect_uris":["https://app.example/cb"]}""",
        TestName = "client_id in an array")]
    public void Client_id_name_and_redirects_are_required_and_well_formed(string body) => Refused(body);

    [TestCase("a\\u202eb"), TestCase("a\\u0000b"), TestCase("a\\u200bb"), Behaviour(18)]
    public void Invisible_characters_of_a_name_are_left_out(string name)
    {
        var body = $$"""{"client_id":"{{Url}}","client_name":"{{name}}","redirect_uris":["https://app.example/cb"]}""";

        ClientDocument.Read(Url, Encoding.UTF8.GetBytes(body), Capabilities.BuiltIn, new Settings()).Refused(out _, out var document)
            .Should().BeFalse();
        document!.Name.Should().Be("ab");
    }

    [TestCase("\"grant_types\":[\"client_credentials\"]"), TestCase("\"grant_types\":\"authorization_code\""),
        TestCase("\"grant_types\":[]"), TestCase("\"response_types\":[\"token\"]"), TestCase("\"response_types\":\"code\"")]
    public void A_client_that_does_not_use_codes_is_refused(string member) => Refused(With(member));

    [TestCase("\"scope\":\"x\"", "authorization_code refresh_token")]
    [TestCase("\"grant_types\":[\"authorization_code\"]", "authorization_code")]
    [TestCase(
        "\"grant_types\":[\"urn:ietf:params:oauth:grant-type:saml2-bearer\",\"refresh_token\",\"authorization_code\"],"
            + "\"response_types\":[\"code\"]",
        "authorization_code refresh_token")]
    public void Grants_that_we_lack_are_ignored(string member, string grants)
    {
        Taken(With(member)).GrantTypes.Should().Equal(grants.Split(' '));
    }

    [Test]
    public void Octets_that_are_no_utf8_are_refused()
    {
        byte[] body =
            [.. Encoding.UTF8.GetBytes(
                "{\"client_id\":\"https://app.example/client.json\",\"redirect_uris\":[\"https://app.example/cb\"],\"client_name\":\""),
                0xFF, 0xFE, .. "\"}"u8];

        ClientDocument.Read(Url, body, Capabilities.BuiltIn, new Settings()).Refused(out _, out _).Should().BeTrue();
    }

    [Test]
    public void Trust_rests_on_name_redirects_and_keys_and_on_nothing_else()
    {
        var before = Trust(With("\"jwks\":{\"keys\":[]}"));

        Trust(With("\"jwks\":{\"keys\":[]},\"logo_uri\":\"https://app.example/l\"")).Should().Equal(before);
        Trust(With("\"jwks\":{\"keys\":[]},\"policy_uri\":\"https://app.example/p\"")).Should().Equal(before);
        Trust(With("\"jwks\":{\"keys\":[{}]}")).Should().NotEqual(before);
        Trust(With("\"jwks\":{\"keys\":[]}").Replace("\"App\"", "\"Bank\"")).Should().NotEqual(before);
        Trust(With("\"jwks\":{\"keys\":[]}").Replace("/cb", "/cc")).Should().NotEqual(before);

        static byte[] Trust(string body) => Taken(body).TrustHash;
    }

    private static string With(string member) =>
        $$"""{"client_id":"{{Url}}","client_name":"App","redirect_uris":["https://app.example/cb"],{{member}}}""";

    private static ClientDocument Taken(string body) =>
        ClientDocument.Read(Url, Encoding.UTF8.GetBytes(body), Capabilities.BuiltIn, new Settings())
            .Refused(out var error, out var document) ? throw new AssertionException(error.ToString()) : document;

    private static void Refused(string body)
    {
        ClientDocument.Read(Url, Encoding.UTF8.GetBytes(body), Capabilities.BuiltIn, new Settings()).Refused(out var error, out _)
            .Should().BeTrue();
        error!.Code.Should().Be("invalid_client");
        error.Rule.Should().StartWith("CIMD §4");
    }
}
