package io.matriarch.instance.net;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.json.Json;
import io.matriarch.instance.net.AgentServer.Peers;
import io.matriarch.instance.postgres.Layout;
import java.io.IOException;
import java.util.Map;

/**
 * The questions of other members over HTTPS (docs/contract.md, "Peers"): only for callers that present the certificate with which members
 * replicate.
 */
final class PeerHandlers {
    private static final int LONGEST_QUESTION = 64 * 1024;

    private PeerHandlers() {}

    /** The handlers by path. */
    static Map<String, HttpHandler> of(Peers peers) {
        return Map.of(
                Peer.NEWS,
                notice(Peer.News.class, peers::news),
                Peer.FAILSAFE,
                question(Peer.Failsafe.class, peers::failsafe),
                Peer.VOTE,
                question(Peer.VoteRequest.class, peers::vote),
                Peer.NOMINATE,
                notice(Peer.Nomination.class, peers::nominate),
                Peer.CATCH_UP,
                notice(Peer.CatchUp.class, peers::catchUp),
                Peer.HANDOVER,
                notice(Peer.HandOver.class, peers::handOver),
                Peer.POSITION,
                members("GET", exchange -> {
                    try {
                        answer(exchange, peers.position());
                    } catch (IOException e) {
                        AgentServer.send(exchange, 503, "text/plain", AgentServer.text(String.valueOf(e.getMessage())));
                    }
                }));
    }

    private interface Answering<Q, A> {
        A answer(Q question);
    }

    private interface Taking<Q> {
        void take(Q notice);
    }

    private static <Q, A> HttpHandler question(Class<Q> type, Answering<Q, A> answering) {
        return members("POST", exchange -> answer(exchange, answering.answer(read(exchange, type))));
    }

    private static <Q> HttpHandler notice(Class<Q> type, Taking<Q> taking) {
        return members("POST", exchange -> {
            taking.take(read(exchange, type));
            exchange.sendResponseHeaders(202, -1);
        });
    }

    private static <Q> Q read(HttpExchange exchange, Class<Q> type) throws IOException {
        return Json.read(exchange.getRequestBody().readNBytes(LONGEST_QUESTION), type);
    }

    private static void answer(HttpExchange exchange, Object answer) throws IOException {
        AgentServer.send(exchange, 200, "application/json", Json.bytes(answer));
    }

    private static HttpHandler members(String method, HttpHandler handler) {
        return exchange -> {
            if (!AgentServer.commonName(exchange)
                    .filter(Layout.REPLICATION_ROLE::equals)
                    .isPresent()) {
                AgentServer.send(
                        exchange,
                        401,
                        "text/plain",
                        AgentServer.text("only for members of this cluster: present their client certificate"));
            } else if (!exchange.getRequestMethod().equals(method)) {
                exchange.sendResponseHeaders(405, -1);
            } else {
                try {
                    handler.handle(exchange);
                } catch (JsonProcessingException e) {
                    AgentServer.send(exchange, 400, "text/plain", AgentServer.text(e.getOriginalMessage()));
                }
            }
        };
    }
}
