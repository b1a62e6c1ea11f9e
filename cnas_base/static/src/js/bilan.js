/** @odoo-module */

import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";

const actions = registry.category("actions");

/** Compte rendu d'une action groupée, qui reste à l'écran, avec « Voir » s'il y a où aller. */
function bilan(env, { params }) {
    const voir = params.voir && {
        name: _t("Voir"),
        primary: true,
        onClick: () => env.services.action.doAction(params.voir),
    };
    env.services.notification.add(params.message, {
        sticky: true,
        type: params.alerte ? "warning" : "success",
        buttons: voir ? [voir] : [],
    });
    return { type: "ir.actions.act_window_close" };
}

/** La fiche suivante prend la place de celle qu'on vient de décider : le fil d'Ariane ne s'allonge pas. */
async function ficheSuivante(env, { params }) {
    env.services.notification.add(params.message, { type: "success" });
    await env.services.action.doAction(params.action, { stackPosition: "replaceCurrentAction" });
}

actions.add("cnas_bilan", bilan);
actions.add("cnas_fiche_suivante", ficheSuivante);
