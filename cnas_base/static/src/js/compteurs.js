/** @odoo-module */

import { patch } from "@web/core/utils/patch";
import { useBus, useService } from "@web/core/utils/hooks";
import { NavBar } from "@web/webclient/navbar/navbar";
import { onMounted } from "@odoo/owl";

const DUREE = 60000; // un compte vaut une minute : on ne recompte pas à chaque clic

/** Les menus disent combien attend derrière eux : les comptes de « À faire », rien de plus. */
patch(NavBar.prototype, {
    setup() {
        super.setup();
        this.ormDesCompteurs = useService("orm");
        this.compteurs = {};
        this.comptesA = 0;
        onMounted(() => this.compterMenus());
        for (const moment of ["ACTION_MANAGER:UI-UPDATED", "MENUS:APP-CHANGED"]) {
            useBus(this.env.bus, moment, () => this.compterMenus());
        }
    },

    async compterMenus() {
        if (Date.now() - this.comptesA < DUREE || !(this.currentApp?.xmlid || "").startsWith("cnas_")) {
            return;
        }
        this.comptesA = Date.now();
        this.compteurs = await this.ormDesCompteurs.silent.call("cnas.accueil", "compteurs", []).catch(() => ({}));
        this.render();
    },

    compteur(menu) {
        return this.compteurs[menu.actionID];
    },
});
