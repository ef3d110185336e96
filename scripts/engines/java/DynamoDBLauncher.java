import java.lang.reflect.Field;

import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local with the arguments of its own main class, but on loopback alone. */
public final class DynamoDBLauncher {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(arguments);
        connector(local).setHost("127.0.0.1");
        local.start();
        local.join();
    }

    /** It has no option for the address, so its Jetty is told, before it listens. */
    private static ServerConnector connector(DynamoDBProxyServer local) throws ReflectiveOperationException {
        Field jetty = DynamoDBProxyServer.class.getDeclaredField("server");
        jetty.setAccessible(true);
        return (ServerConnector) ((Server) jetty.get(local)).getConnectors()[0];
    }
}
