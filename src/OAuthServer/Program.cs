return await OAuthServer.Cli.Commands.RunAsync(args, (settings, _) => Task.FromResult(0));
