/** @odoo-module **/

import { registry } from "@web/core/registry";

/** L'administrateur crée un médicament avec son tarif, le suit d'un nouveau tarif, et lit la frise. */
registry.category("web_tour.tours").add("cnas_referentiels_medicament", {
    test: true,
    steps: () => [
        { trigger: ".o_main_navbar button[data-menu-xmlid='cnas_base.menu_referentiels']" },
        { trigger: ".dropdown-item[data-menu-xmlid='cnas_referentiels.medicament_menu']" },
        { trigger: ".o_list_button_add", extra_trigger: ".o_data_row:contains('MED0001')" },
        { trigger: "div[name=name] input, div[name=name] textarea", run: "text Doliprane du parcours" },
        { trigger: "div[name=code] input", run: "text TST-TOUR" },
        { trigger: "div[name=dci] input", run: "text Paracétamol" },
        { trigger: "div[name=config_ids] .o_field_x2many_list_row_add a" },
        { trigger: "div[name=config_ids] td[name=montant] input", run: "text 1500" },
        { trigger: "div[name=config_ids] td[name=date_debut] input", run: "text 01/01/2019" },
        { trigger: ".o_form_button_save" },
        { trigger: "div[name=frise]:contains('depuis le 01/01/2019 · en vigueur')", isCheck: true },
        { trigger: "div[name=config_ids] .o_field_x2many_list_row_add a" },
        { trigger: "div[name=config_ids] td[name=montant] input", run: "text 1600" },
        { trigger: "div[name=config_ids] td[name=date_debut] input", run: "text 10/04/2026" },
        { trigger: ".o_form_button_save" },
        { trigger: "div[name=frise]:contains('du 01/01/2019 au 09/04/2026'):contains('depuis le 10/04/2026 · en vigueur')", isCheck: true },
        { trigger: "button[data-menu-xmlid='cnas_base.menu_configuration']" },
        { trigger: ".dropdown-item[data-menu-xmlid='cnas_referentiels.config_medicament_menu']" },
        { trigger: ".o_searchview_input", extra_trigger: ".o_breadcrumb:contains('Config Médicament')", run: "text parcours" },
        { trigger: ".o_searchview_autocomplete .o_menu_item:first" },
        { trigger: ".o_data_row td[name=medicament_id]:contains('Doliprane du parcours')" },
        { trigger: ".o_breadcrumb:contains('Doliprane du parcours — 1 600 FCFA à partir du 10/04/2026')", isCheck: true },
    ],
});
