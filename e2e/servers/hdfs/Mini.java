// A real HDFS in one process: NameNodes (one, or two of which one is active), a DataNode and WebHDFS, all
// on loopback. Orders come as lines on stdin, each answered by one line: OK, or FAILED with the cause. It
// ends when stdin does, so that it cannot outlive its test.
//
// Kinder than a cluster in earnest: no Kerberos, so `delegation=` is not looked at; no TLS; one DataNode,
// so no erasure coding; whoever starts it is the superuser.
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.SafeModeAction;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;

public final class Mini {
  private static MiniDFSCluster cluster;
  private static MiniDFSCluster.DataNodeProperties stopped;
  private static int active;

  /** Arguments: folder, RPC port, HTTP port (HA: also the next ones), `single` or `ha`. */
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, new File(args[0]).getAbsolutePath());
    conf.setBoolean("dfs.permissions.enabled", true);
    conf.setInt("dfs.replication", 1);
    // Pages as small as this show what a page's end does.
    conf.setInt("dfs.ls.limit", 100);
    // A writer asks whether its block has been reported; by default it sleeps 400 ms when it has not.
    conf.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 20);
    int rpc = Integer.parseInt(args[1]);
    int http = Integer.parseInt(args[2]);
    boolean ha = args[3].equals("ha");
    MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(conf).numDataNodes(1).format(true);
    if (ha) {
      builder.nnTopology(
          new MiniDFSNNTopology()
              .addNameservice(
                  new MiniDFSNNTopology.NSConf("ns1")
                      .addNN(node("nn1", rpc, http))
                      .addNN(node("nn2", rpc + 1, http + 1))));
    } else {
      builder.nameNodePort(rpc).nameNodeHttpPort(http);
    }
    cluster = builder.build();
    if (ha) cluster.transitionToActive(0);
    cluster.waitActive();
    say("READY");
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      try {
        obey(line.trim().split(" "));
        say("OK");
      } catch (Exception error) {
        say("FAILED " + String.valueOf(error.getMessage()).replace('\n', ' '));
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private static MiniDFSNNTopology.NNConf node(String name, int rpc, int http) {
    return new MiniDFSNNTopology.NNConf(name).setIpcPort(rpc).setHttpPort(http);
  }

  private static void obey(String[] order) throws Exception {
    switch (order[0]) {
      case "failover":
        cluster.transitionToStandby(active);
        active = 1 - active;
        cluster.transitionToActive(active);
        break;
      case "standby":
        cluster.transitionToStandby(active);
        break;
      case "active":
        cluster.transitionToActive(active);
        break;
      case "killactive":
        cluster.shutdownNameNode(active);
        active = 1 - active;
        cluster.transitionToActive(active);
        break;
      case "revive":
        cluster.restartNameNode(1 - active);
        break;
      case "stopdn":
        stopped = cluster.stopDataNode(0);
        break;
      case "startdn":
        cluster.restartDataNode(stopped, true);
        cluster.waitActive(active);
        break;
      default:
        administer(order);
    }
  }

  private static void administer(String[] order) throws Exception {
    DistributedFileSystem files = cluster.getFileSystem(active);
    switch (order[0]) {
      case "safemode":
        files.setSafeMode(order[1].equals("on") ? SafeModeAction.ENTER : SafeModeAction.LEAVE);
        break;
      case "mkdir":
        files.mkdirs(new Path(order[1]));
        files.setPermission(new Path(order[1]), new FsPermission(order[2]));
        break;
      case "quota":
        files.setQuota(new Path(order[1]), Long.parseLong(order[2]), Long.parseLong(order[3]));
        break;
      default:
        throw new IllegalArgumentException("unknown order " + order[0]);
    }
  }

  private static void say(String line) {
    System.out.println("MINI " + line);
    System.out.flush();
  }

  private Mini() {}
}
