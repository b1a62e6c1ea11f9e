/** @odoo-module */

import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";

const visites = registry.category("cnas.visites");

/** Déclare une visite guidée : le nom, le groupe à qui elle montre son travail, ses étapes [où, quoi faire], et ce qu'elle laisse à l'écran. */
export function declarerVisite(nom, groupe, rang, etapes, fin = "body") {
    visites.add(nom, groupe, { sequence: rang });
    // « test » : Odoo ne la lance pas de lui-même ; on la demande par le menu de l'usager.
    registry.category("web_tour.tours").add(nom, {
        test: true,
        // La fin ne se montre pas : l'essai automatique y attend ce que la dernière étape a fait.
        steps: () => [
            ...etapes.map(([trigger, content, run]) => ({ trigger, content, run, position: "bottom" })),
            { trigger: fin, isCheck: true, auto: true },
        ],
    });
}

/** « Visite guidée », au menu de l'usager : celle de son rôle, depuis « À faire ». */
function visiteGuidee(env) {
    return {
        type: "item",
        id: "cnas_visite",
        description: _t("Visite guidée"),
        sequence: 15,
        callback: async () => {
            for (const [nom, groupe] of visites.getEntries()) {
                if (await env.services.user.hasGroup(groupe)) {
                    await env.services.action.doAction("cnas_base.accueil_action", { clearBreadcrumbs: true });
                    env.services.menu.setCurrentMenu(env.services.menu.getApps().find((app) => app.xmlid === "cnas_base.menu_root"));
                    env.services.tour_service.startTour(nom, { mode: "manual", redirect: false });
                    return;
                }
            }
            env.services.notification.add(_t("Aucune visite n'est prévue pour votre rôle."), { type: "info" });
        },
    };
}

const menu = registry.category("user_menuitems");
menu.add("cnas_visite", visiteGuidee);
// La documentation, l'assistance et le compte d'Odoo ne sont pas ceux de la caisse, et mènent dehors.
for (const ailleurs of ["documentation", "support", "odoo_account"]) {
    if (menu.contains(ailleurs)) {
        menu.remove(ailleurs);
    }
}
