import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** OpenSearch from its jars, with the one plugin that it needs to be reached. Arguments are settings, name=value. */
public final class OpenSearchLauncher {
    /** A node whose plugins are on the class path. */
    private static final class OneNode extends Node {
        OneNode(Environment environment) {
            super(environment, List.of(Netty4Plugin.class), true);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> settings = new TreeMap<>(Map.of("http.type", "netty4", "transport.type", "netty4"));
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        Node node = new OneNode(InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, settings, null, () -> "rookery"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        Thread.currentThread().join();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception fault) {
            fault.printStackTrace();
        }
    }
}
