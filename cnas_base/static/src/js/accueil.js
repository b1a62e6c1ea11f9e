/** @odoo-module */

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { Component, onWillStart, useState } from "@odoo/owl";

/** « À faire » : les travaux qui attendent l'usager, selon ses rôles ; un clic ouvre la liste. */
export class Accueil extends Component {
    static template = "cnas_base.Accueil";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.etat = useState({ taches: [] });
        onWillStart(async () => {
            this.etat.taches = await this.orm.call("cnas.accueil", "a_faire", []);
        });
    }

    get attendent() {
        return this.etat.taches.filter((tache) => tache.nombre);
    }

    get vides() {
        return this.etat.taches.filter((tache) => !tache.nombre);
    }

    ouvrir(tache) {
        this.action.doAction(tache.action);
    }
}

registry.category("actions").add("cnas_accueil", Accueil);
